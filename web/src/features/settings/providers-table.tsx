import { useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { deleteProvider, type Provider, type ProviderStatus, vendorName } from "@/api/providers";
import { scoped } from "@/api/queries";
import { When } from "@/features/settings/when";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { ActionsTH, Table, TD, TH, THead, TR } from "@/ui/table";
import { notify, notifyError } from "@/ui/toast";
import { Tooltip } from "@/ui/tooltip";

const STATUS: Record<ProviderStatus, { label: string; tone: Tone; meaning: string }> = {
  never_used: { label: "Never used", tone: "neutral", meaning: "No call has tried this key yet." },
  healthy: { label: "Healthy", tone: "good", meaning: "The last call with this key was accepted." },
  invalid: { label: "Refused", tone: "critical", meaning: "The provider refused this key." },
  rate_limited: {
    label: "Rate limited",
    tone: "warning",
    meaning: "The provider is slowing this key down.",
  },
};

export function ProvidersTable({ items, allowed }: { items: Provider[]; allowed: boolean }) {
  return (
    <Table>
      <THead>
        <tr>
          <TH>Provider</TH>
          <TH className="max-sm:hidden">Address</TH>
          <TH className="max-sm:hidden">Key</TH>
          <TH>Status</TH>
          <TH className="max-sm:hidden">Last used</TH>
          {allowed && <ActionsTH />}
        </tr>
      </THead>
      <tbody>
        {items.map((provider) => (
          <TR key={provider.id} className="hover:bg-hover">
            <TD>
              <span className="font-medium">{vendorName(provider.provider)}</span>
              {provider.is_mock && (
                <Badge tone="accent" className="ml-2">
                  Mock
                </Badge>
              )}
            </TD>
            <TD className="id max-w-72 truncate text-muted max-sm:hidden" title={provider.base_url}>
              {provider.base_url}
            </TD>
            <TD className="id text-muted max-sm:hidden">
              {provider.is_mock ? "built in" : `…${provider.hint}`}
            </TD>
            <TD>
              <Status provider={provider} />
            </TD>
            <TD className="max-sm:hidden">
              <When at={provider.last_used_at} never="–" />
            </TD>
            {allowed && (
              <TD align="right">
                <DeleteProvider provider={provider} />
              </TD>
            )}
          </TR>
        ))}
      </tbody>
    </Table>
  );
}

function Status({ provider }: { provider: Provider }) {
  const { label, tone, meaning } = STATUS[provider.status];
  return (
    <Tooltip content={provider.last_error ? `${meaning} ${provider.last_error}` : meaning}>
      <Badge tone={tone} dot>
        {label}
      </Badge>
    </Tooltip>
  );
}

function DeleteProvider({ provider }: { provider: Provider }) {
  const client = useQueryClient();
  const name = vendorName(provider.provider);
  const erased = provider.is_mock
    ? `The mock stops standing in for ${name}.`
    : `The stored key …${provider.hint} is erased.`;
  const remove = async () => {
    try {
      await deleteProvider(provider.id);
    } catch (error) {
      notifyError(error, "The provider was not deleted");
      throw error;
    }
    await client.invalidateQueries({ queryKey: scoped("providers") });
    notify(`${name} was deleted`);
  };
  return (
    <ConfirmDialog
      trigger={
        <Button variant="ghost" size="icon-sm" aria-label={`Delete ${name}`}>
          <Trash2 aria-hidden />
        </Button>
      }
      title={`Delete ${name}?`}
      description={`${erased} Calls to ${name} through the gateway are refused until another key is added. Past calls and their costs stay.`}
      action="Delete provider"
      onConfirm={remove}
    />
  );
}
