import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { makeKey } from "@/api/keys";
import { addMock, addProvider, type NewProvider, VENDORS } from "@/api/providers";
import { scoped } from "@/api/queries";
import { placeProblem } from "@/lib/form-problem";
import { Button } from "@/ui/button";
import { FormAlert } from "@/ui/form-alert";
import { ProviderForm } from "@/ui/provider-form";

type Props = { onConnected: (gatewayKey: string) => void; onSkip: () => void };

/** A real provider's key, or the mock: either way a gateway key is made for the next step. */
export function ProviderStep({ onConnected, onSkip }: Props) {
  const client = useQueryClient();
  const connect = async (add: () => Promise<unknown>) => {
    await add();
    const made = await makeKey({ name: "First key", kind: "gateway" });
    await client.invalidateQueries({ queryKey: scoped("providers") });
    onConnected(made.key);
    void client.invalidateQueries({ queryKey: scoped("onboarding") });
  };
  return (
    <>
      <h1 className="font-semibold text-xl">Connect a provider</h1>
      <p className="mt-1 text-base text-muted">
        Your calls go through Quotah's gateway to the provider with your own key.
      </p>
      <section className="mt-5 rounded-lg border bg-surface p-5" aria-label="Your provider">
        <ProviderForm
          vendors={VENDORS}
          onSubmit={(values: NewProvider) => connect(() => addProvider(values))}
          actions={
            <Button variant="ghost" onClick={onSkip}>
              Skip this step
            </Button>
          }
        />
      </section>
      <MockChoice onChoose={() => connect(addMock)} />
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

function MockChoice({ onChoose }: { onChoose: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const choose = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onChoose();
    } catch (error) {
      setProblem(placeProblem(error, []).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section
      aria-label="No key at hand"
      className="mt-4 flex flex-col gap-3 rounded-lg border border-line-strong border-dashed p-5"
    >
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
        <div className="flex min-w-0 flex-1 basis-64 gap-3">
          <FlaskConical className="mt-0.5 size-4 shrink-0 text-muted" aria-hidden />
          <div>
            <h2 className="font-semibold text-base">No key at hand?</h2>
            <p className="text-muted text-sm">
              A stand-in for both vendors runs on this machine. It answers like the real ones, costs
              nothing, and its calls are priced as if they were real.
            </p>
          </div>
        </div>
        <Button onClick={choose} loading={busy} className="max-sm:w-full">
          Try with the built-in mock provider
        </Button>
      </div>
      <FormAlert>{problem}</FormAlert>
    </section>
  );
}
