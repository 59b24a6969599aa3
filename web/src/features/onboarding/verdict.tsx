import { useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleHelp } from "lucide-react";
import { useState } from "react";
import { deleteProvider, type Provider } from "@/api/providers";
import { scoped } from "@/api/queries";
import { providerName } from "@/lib/provider-names";
import { Button } from "@/ui/button";
import { notifyError } from "@/ui/toast";

type Props = {
  provider: Provider;
  onKeep: () => Promise<void>;
  onDiscarded: () => void;
};

/** What the provider said of a key that it did not plainly accept. The person decides. */
export function Verdict({ provider, onKeep, onDiscarded }: Props) {
  const client = useQueryClient();
  const [busy, setBusy] = useState<"keep" | "discard" | null>(null);
  const refused = provider.status === "invalid";
  const Icon = refused ? CircleAlert : CircleHelp;
  const name = providerName(provider.provider);

  const act = async (which: "keep" | "discard", action: () => Promise<void>) => {
    setBusy(which);
    try {
      await action();
    } catch (error) {
      notifyError(error, which === "keep" ? "Not connected yet" : "The key was not discarded");
    } finally {
      setBusy(null);
    }
  };
  const discard = async () => {
    await deleteProvider(provider.id);
    await client.invalidateQueries({ queryKey: scoped("providers") });
    onDiscarded();
  };

  return (
    <div role="alert">
      <h2 className="flex items-center gap-2 font-semibold text-base">
        <Icon className={refused ? "size-4 text-critical" : "size-4 text-warning"} aria-hidden />
        {refused ? `${name} refused this key` : `${name} could not confirm this key`}
      </h2>
      <p className="mt-1 text-base text-muted">
        {provider.last_error} The key …{provider.hint} is stored.{" "}
        {refused
          ? "Keys with narrow permissions are sometimes refused here and work for calls all the same."
          : "The first call will tell whether it works."}
      </p>
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <Button onClick={() => act("discard", discard)} loading={busy === "discard"}>
          Discard it and try another
        </Button>
        <Button variant="primary" onClick={() => act("keep", onKeep)} loading={busy === "keep"}>
          Continue with this key
        </Button>
      </div>
    </div>
  );
}
