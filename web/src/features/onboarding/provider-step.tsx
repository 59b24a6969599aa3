import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { makeKey } from "@/api/keys";
import { addMock, addProvider, kindsQuery, type NewProvider, type Provider } from "@/api/providers";
import { scoped } from "@/api/queries";
import { MockChoice } from "@/features/onboarding/mock-choice";
import { Verdict } from "@/features/onboarding/verdict";
import { Button } from "@/ui/button";
import { PanelStates } from "@/ui/panel-states";
import { ProviderForm } from "@/ui/provider-form";
import { Skeleton } from "@/ui/skeleton";

type Props = {
  gatewayUrl: string;
  onConnected: (gatewayKey: string) => void;
  onSkip: () => void;
};

/** A real provider's key, or the mock: either way a gateway key is made for the next step. */
export function ProviderStep({ gatewayUrl, onConnected, onSkip }: Props) {
  const kinds = useQuery(kindsQuery());
  const client = useQueryClient();
  const [doubtful, setDoubtful] = useState<Provider | null>(null);

  const proceed = async () => {
    const made = await makeKey({ name: "First key", kind: "gateway" });
    await client.invalidateQueries({ queryKey: scoped("providers") });
    onConnected(made.key);
    void client.invalidateQueries({ queryKey: scoped("onboarding") });
  };
  const add = async (values: NewProvider) => {
    const added = await addProvider(values);
    if (added.status === "healthy") await proceed();
    else setDoubtful(added);
  };

  return (
    <>
      <h1 className="font-semibold text-xl">Connect a provider</h1>
      <p className="mt-1 text-base text-muted">
        Your calls go through Quotah's gateway to the provider with your own key.
      </p>
      <section className="mt-5 rounded-lg border bg-surface p-5" aria-label="Your provider">
        {doubtful ? (
          <Verdict provider={doubtful} onKeep={proceed} onDiscarded={() => setDoubtful(null)} />
        ) : (
          <PanelStates
            query={kinds}
            what="add a provider"
            affected="The providers that can be connected could not be loaded"
            loading={<Skeleton className="h-56" />}
          >
            {({ items }) => (
              <ProviderForm
                kinds={items}
                gatewayUrl={gatewayUrl}
                onSubmit={add}
                actions={
                  <Button variant="ghost" onClick={onSkip}>
                    Skip this step
                  </Button>
                }
              />
            )}
          </PanelStates>
        )}
      </section>
      {!doubtful && <MockChoice onChoose={() => addMock().then(proceed)} />}
      <p className="mt-4 text-center text-muted text-sm">
        Only looking around?{" "}
        <Link
          to="/settings/$tab"
          params={{ tab: "samples" }}
          className="text-accent-text underline underline-offset-2"
        >
          Load sample data
        </Link>
      </p>
    </>
  );
}
