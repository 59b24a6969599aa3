import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { TrustEntry } from "@/api/price-types";
import { setTrust, trustQuery, usePricesChanged } from "@/api/prices";
import { useMayChange } from "@/api/roles";
import { Section } from "@/features/prices/section";
import { providerName } from "@/lib/provider-names";
import { PanelStates } from "@/ui/panel-states";
import { Skeleton } from "@/ui/skeleton";
import { Switch } from "@/ui/switch";
import { notifyError } from "@/ui/toast";

/** Whose word on what a call cost counts. */
export function TrustView() {
  const trust = useQuery(trustQuery());
  const changed = usePricesChanged();
  const allowed = useMayChange();
  const change = useMutation({
    mutationFn: ({ provider, trusted }: { provider: string; trusted: boolean }) =>
      setTrust(provider, trusted),
    onError: (error) => notifyError(error, "The choice was not saved"),
    onSettled: changed,
  });
  const asked = change.isPending ? change.variables : null;
  return (
    <Section
      title="Costs that providers report"
      description="Some providers name what a call cost in their answer. Where you trust that, the amount counts as it is; otherwise the call is priced by its units and the book. A price of your own stands before both."
    >
      <PanelStates
        query={trust}
        what="see whom this workspace trusts"
        affected="The choices could not be loaded"
        loading={<Loading />}
      >
        {({ providers }) => (
          <TrustList
            groups={[
              providers.filter(({ trusted, default: usual }) => trusted || usual),
              providers.filter(({ trusted, default: usual }) => !trusted && !usual),
            ]}
          >
            {({ provider, trusted, default: usual }) => {
              const on = asked?.provider === provider ? asked.trusted : trusted;
              return (
                <li
                  key={provider}
                  className="flex min-h-12 items-center gap-4 border-b px-4 py-2 last:border-b-0"
                >
                  <span id={`trust-${provider}`} className="min-w-0 flex-1">
                    <span className="block font-medium">{providerName(provider)}</span>
                    <span className="block text-muted text-sm">
                      {on
                        ? "The amount that it names counts."
                        : "Priced by units and rates, whatever it names."}
                      {on !== usual && " Changed by you."}
                    </span>
                  </span>
                  <Switch
                    aria-labelledby={`trust-${provider}`}
                    checked={on}
                    disabled={!allowed}
                    onCheckedChange={(next) => change.mutate({ provider, trusted: next })}
                  />
                </li>
              );
            }}
          </TrustList>
        )}
      </PanelStates>
    </Section>
  );
}

type ListProps = {
  /** Those whose word counts or usually does, and the others: they name no cost, as a rule. */
  groups: [TrustEntry[], TrustEntry[]];
  children: (entry: TrustEntry) => ReactNode;
};

function TrustList({ groups: [first, others], children }: ListProps) {
  return (
    <>
      <ul className="border-t">{first.map(children)}</ul>
      {others.length > 0 && (
        <details open={first.length === 0 || undefined} className="border-t">
          <summary className="px-4 py-2.5 text-muted text-sm hover:text-ink">
            {others.length} other providers, which are priced by units and rates
          </summary>
          <ul className="border-t">{others.map(children)}</ul>
        </details>
      )}
    </>
  );
}

function Loading() {
  return (
    <div aria-busy className="flex flex-col gap-4 border-t p-4">
      <Skeleton className="h-8 w-80 max-w-full" />
      <Skeleton className="h-8 w-80 max-w-full" />
    </div>
  );
}
