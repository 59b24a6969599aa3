import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeProvider, type Provider } from "@/api/providers";
import { scoped } from "@/api/queries";
import type { Limit } from "@/api/routing-types";
import { CredentialMenu } from "@/features/settings/credential-menu";
import { CredentialStatus } from "@/features/settings/credential-status";
import { roomsOf } from "@/features/settings/headroom";
import { HeadroomButton, HeadroomList } from "@/features/settings/headroom-view";
import { When } from "@/features/settings/when";
import { useNow } from "@/lib/hooks";
import { shareWord } from "@/lib/share";
import { Switch } from "@/ui/switch";
import { notifyError } from "@/ui/toast";
import { Tooltip } from "@/ui/tooltip";

type Props = {
  provider: Provider;
  /** The mount has other keys too. */
  several: boolean;
  /** Of the mount's calls, 0 to 1. */
  share: number;
  limits: readonly Limit[];
  allowed: boolean;
};

/** One key of a provider: what it is, how it does, and how much it may still do. */
export function CredentialRow({ provider, several, share, limits, allowed }: Props) {
  const [open, setOpen] = useState(false);
  const now = useNow(5_000);
  const rooms = roomsOf(limits, provider.id, now);
  const name = nameOf(provider);
  return (
    <div className="py-2">
      <div className="grid items-center gap-x-4 gap-y-2 text-sm max-sm:grid-cols-[36px_minmax(0,1fr)_28px] sm:grid-cols-[36px_minmax(0,1.2fr)_minmax(0,1.3fr)_96px_168px_28px]">
        <EnableSwitch provider={provider} allowed={allowed} name={name} />
        <div className="min-w-0">
          <p className="flex min-w-0 items-baseline gap-2">
            <span className="truncate font-medium" title={provider.name}>
              {name}
            </span>
            {several && <Share provider={provider} share={share} />}
          </p>
          <p className="id truncate text-faint text-xs" title={provider.base_url}>
            {keyWords(provider)} · {hostOf(provider.base_url)}
          </p>
        </div>
        <div className="min-w-0 max-sm:order-4 max-sm:col-span-2 max-sm:col-start-2">
          <CredentialStatus provider={provider} />
        </div>
        <span className="text-muted max-sm:hidden">
          {provider.last_used_at && "used "}
          <When at={provider.last_used_at} never="–" />
        </span>
        <div className="min-w-0 max-sm:order-5 max-sm:col-span-2 max-sm:col-start-2">
          {(!provider.is_mock || rooms.length > 0) && (
            <HeadroomButton rooms={rooms} name={name} open={open} onToggle={() => setOpen(!open)} />
          )}
        </div>
        {allowed ? <CredentialMenu provider={provider} name={name} /> : <span />}
      </div>
      {open && rooms.length > 0 && (
        <div className="mt-2 mb-1 rounded-lg bg-sunken px-4 py-3">
          <HeadroomList rooms={rooms} />
        </div>
      )}
    </div>
  );
}

function Share({ provider, share }: { provider: Provider; share: number }) {
  const words =
    provider.weight === 0
      ? "Weight 0: only when no other key will do"
      : `Weight ${provider.weight} among the keys of this provider`;
  return (
    <Tooltip content={words}>
      <span className="num shrink-0 text-muted text-xs">
        {provider.weight === 0 ? "reserve" : shareWord(share)}
      </span>
    </Tooltip>
  );
}

type SwitchProps = { provider: Provider; allowed: boolean; name: string };

function EnableSwitch({ provider, allowed, name }: SwitchProps) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState<boolean | null>(null);
  const change = async (enabled: boolean) => {
    setWanted(enabled);
    try {
      await changeProvider(provider.id, { enabled });
      await client.invalidateQueries({ queryKey: scoped("providers") });
    } catch (error) {
      notifyError(error, `${name} was not switched ${enabled ? "on" : "off"}`);
    } finally {
      setWanted(null);
    }
  };
  return (
    <Switch
      aria-label={`Use ${name}`}
      checked={wanted ?? provider.enabled}
      disabled={!allowed}
      onCheckedChange={change}
    />
  );
}

function nameOf({ name, is_mock }: Provider): string {
  return name || (is_mock ? "Built in" : "Key");
}

function keyWords({ hint, is_mock }: Provider): string {
  if (is_mock) return "built in";
  return hint ? `…${hint}` : "no key";
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
