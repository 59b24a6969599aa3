import { useQueryClient } from "@tanstack/react-query";
import { Ban, Pencil } from "lucide-react";
import { useState } from "react";
import { type ApiKey, revokeKey } from "@/api/keys";
import { scoped } from "@/api/queries";
import { EditKey } from "@/features/settings/edit-key";
import { KEY_KINDS } from "@/features/settings/key-kinds";
import { ruleLines, ruleWords } from "@/features/settings/key-values";
import { When } from "@/features/settings/when";
import { cn } from "@/lib/cn";
import { useNow } from "@/lib/hooks";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { ActionsTH, Table, TD, TH, THead, TR } from "@/ui/table";
import { notify, notifyError } from "@/ui/toast";
import { Tooltip } from "@/ui/tooltip";

export function KeysTable({ items, allowed }: { items: ApiKey[]; allowed: boolean }) {
  const now = useNow();
  const [edited, setEdited] = useState<ApiKey | null>(null);
  return (
    <>
      {edited && <EditKey apiKey={edited} onClose={() => setEdited(null)} />}
      <Table>
        <THead>
          <tr>
            <TH>Name</TH>
            <TH className="max-sm:hidden">Kind</TH>
            <TH className="max-sm:hidden">Key</TH>
            <TH className="max-md:hidden">May call</TH>
            <TH className="max-lg:hidden">Created</TH>
            <TH>Last used</TH>
            {allowed && <ActionsTH />}
          </tr>
        </THead>
        <tbody>
          {items.map((key) => {
            const ended = endOf(key, now);
            return (
              <TR key={key.id} className="hover:bg-hover">
                <TD className="max-w-60 truncate max-sm:max-w-44" title={key.name}>
                  <span className={cn("font-medium", ended && "text-muted line-through")}>
                    {key.name}
                  </span>
                  <FewWords apiKey={key} />
                </TD>
                <TD className="max-sm:hidden">
                  <Tooltip content={KEY_KINDS[key.kind].description}>
                    <span>{KEY_KINDS[key.kind].label}</span>
                  </Tooltip>
                </TD>
                <TD className="id text-muted max-sm:hidden">
                  {key.prefix}…{key.hint}
                </TD>
                <TD className="max-w-64 max-md:hidden">
                  <Rules apiKey={key} />
                </TD>
                <TD className="max-lg:hidden">
                  <When at={key.created_at} never="–" />
                </TD>
                <TD>{ended ?? <When at={key.last_used_at} never="Never used" />}</TD>
                {allowed && (
                  <TD align="right">
                    {!key.revoked_at && (
                      <>
                        <Button
                          variant="ghost"
                          size="icon-sm"
                          aria-label={`Edit ${key.name}`}
                          onClick={() => setEdited(key)}
                        >
                          <Pencil aria-hidden />
                        </Button>
                        <RevokeKey apiKey={key} />
                      </>
                    )}
                  </TD>
                )}
              </TR>
            );
          })}
        </tbody>
      </Table>
    </>
  );
}

/** Below the name where the columns that tell it have no room. */
function FewWords({ apiKey }: { apiKey: ApiKey }) {
  const kind = <span className="sm:hidden">{KEY_KINDS[apiKey.kind].label}</span>;
  const words = apiKey.kind === "gateway" ? ruleWords(apiKey).join(" · ") : "";
  return (
    <span className="block truncate text-muted text-xs md:hidden">
      {kind}
      {words && <span className="before:content-['_·_'] sm:before:content-none">{words}</span>}
    </span>
  );
}

/** What a gateway key may do, in few words; all of it behind them. */
function Rules({ apiKey }: { apiKey: ApiKey }) {
  if (apiKey.kind !== "gateway") return <span className="text-faint">–</span>;
  const words = ruleWords(apiKey);
  const lines = ruleLines(apiKey);
  return (
    <Tooltip
      content={lines.map((line) => (
        <span key={line} className="block">
          {line}
        </span>
      ))}
    >
      <span className={words.length > 0 ? "block truncate" : "text-faint"}>
        {words.length > 0 ? words.join(" · ") : "everything"}
      </span>
    </Tooltip>
  );
}

function endOf(key: ApiKey, now: number) {
  if (key.revoked_at) return <Badge tone="critical">Revoked</Badge>;
  if (key.expires_at && Date.parse(key.expires_at) <= now) return <Badge>Expired</Badge>;
  return null;
}

function RevokeKey({ apiKey }: { apiKey: ApiKey }) {
  const client = useQueryClient();
  const revoke = async () => {
    try {
      await revokeKey(apiKey.id);
    } catch (error) {
      notifyError(error, "The key was not revoked");
      throw error;
    }
    await client.invalidateQueries({ queryKey: scoped("keys") });
    notify(`${apiKey.name} was revoked`);
  };
  return (
    <ConfirmDialog
      trigger={
        <Button variant="ghost" size="icon-sm" aria-label={`Revoke ${apiKey.name}`}>
          <Ban aria-hidden />
        </Button>
      }
      title={`Revoke ${apiKey.name}?`}
      description="Whatever uses this key is refused within seconds. This cannot be undone. Its past calls and costs stay."
      action="Revoke key"
      onConfirm={revoke}
    />
  );
}
