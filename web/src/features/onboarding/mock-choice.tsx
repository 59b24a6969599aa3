import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { placeProblem } from "@/lib/form-problem";
import { Button } from "@/ui/button";
import { FormAlert } from "@/ui/form-alert";

/** The way in for people without a provider's key. */
export function MockChoice({ onChoose }: { onChoose: () => Promise<void> }) {
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
              A stand-in for the large vendors runs on this machine. It answers like the real ones,
              costs nothing, and its calls are priced as if they were real.
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
