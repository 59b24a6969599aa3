import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { limitsQuery } from "@/api/gateways";
import { type Mount, mountsOf, sharesOfKeys } from "@/api/mounts";
import { kindsQuery, type Provider } from "@/api/providers";
import { instanceQuery } from "@/api/queries";
import type { Limit } from "@/api/routing-types";
import { AddProvider } from "@/features/settings/add-provider";
import { CredentialRow } from "@/features/settings/credential-row";
import { gatewayAddress } from "@/lib/gateway-address";
import { providerName } from "@/lib/provider-names";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";

type Props = { items: readonly Provider[]; allowed: boolean };

const NO_LIMITS: readonly Limit[] = [];

/** Every provider with its keys, by the name under which the gateway serves it. */
export function ProvidersTable({ items, allowed }: Props) {
  const limits = useQuery(limitsQuery());
  return (
    <ul aria-label="Providers" className="border-t">
      {mountsOf(items).map((mount) => (
        <li key={mount.name} className="border-b last:border-b-0">
          <MountSection mount={mount} limits={limits.data?.items ?? NO_LIMITS} allowed={allowed} />
        </li>
      ))}
    </ul>
  );
}

type SectionProps = { mount: Mount; limits: readonly Limit[]; allowed: boolean };

function MountSection({ mount, limits, allowed }: SectionProps) {
  const shares = sharesOfKeys(mount.keys);
  return (
    <section aria-label={titleOf(mount)} className="px-4 py-3">
      <MountHead mount={mount} allowed={allowed} />
      <ul className="mt-1" aria-label={`Keys of ${titleOf(mount)}`}>
        {mount.keys.map((key) => (
          <li key={key.id} className="border-t first:border-t-0">
            <CredentialRow
              provider={key}
              several={mount.keys.length > 1}
              share={shares.get(key.id) ?? 0}
              limits={limits}
              allowed={allowed}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function MountHead({ mount, allowed }: { mount: Mount; allowed: boolean }) {
  const [first] = mount.keys;
  const title = titleOf(mount);
  return (
    <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <h3 className="flex min-w-0 items-center gap-2 font-semibold text-base">
        <span className="truncate">{title}</span>
        {mount.keys.some(({ is_mock }) => is_mock) && <Badge tone="accent">Mock</Badge>}
        {title !== providerName(mount.provider) && (
          <span className="font-normal text-faint text-sm">{providerName(mount.provider)}</span>
        )}
      </h3>
      <ClientAddress mount={mount} />
      {allowed && first && !first.is_mock && (
        <AddProvider
          mount={{ ...first, name: mount.name }}
          trigger={
            <Button
              size="sm"
              variant="ghost"
              className="ml-auto max-sm:-mr-2"
              aria-label={`Add a key to ${title}`}
            >
              <Plus aria-hidden />
              Add key
            </Button>
          }
        />
      )}
    </header>
  );
}

/** What clients write into their base URL. */
function ClientAddress({ mount }: { mount: Mount }) {
  const instance = useQuery(instanceQuery());
  const kinds = useQuery(kindsQuery());
  const kind = kinds.data?.items.find(({ provider }) => provider === mount.provider);
  if (!instance.data || !kind) return null;
  const address = gatewayAddress(instance.data.gateway_url, mount.name, kind.dialect);
  return (
    <span className="flex min-w-0 items-center gap-1 text-muted text-sm max-sm:order-last max-sm:basis-full">
      <span className="id truncate" title="What clients write into their base URL">
        {address}
      </span>
      <CopyButton value={address} label={`Copy the base URL of ${titleOf(mount)}`} />
    </span>
  );
}

/** The vendor's name, or that of a mount which was called otherwise. */
function titleOf({ name, provider }: Mount): string {
  return name === provider ? providerName(provider) : name;
}
