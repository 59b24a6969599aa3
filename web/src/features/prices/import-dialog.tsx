import { CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import type { Verdict } from "@/api/price-types";
import { placeProblem } from "@/lib/form-problem";
import { Button } from "@/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/ui/dialog";
import { FormAlert } from "@/ui/form-alert";

type Props = {
  name: string;
  document: unknown;
  verdicts: readonly Verdict[];
  onImport: () => Promise<void>;
  onClose: () => void;
};

/** What the API says of each entry of a file, before anything is written. */
export function ImportDialog({ name, document, verdicts, onImport, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const wrong = verdicts.filter(({ ok }) => !ok).length;
  const run = async () => {
    setBusy(true);
    try {
      await onImport();
    } catch (error) {
      setRefusal(placeProblem(error, []).message);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        className="sm:w-[600px]"
        title={`Import ${name}`}
        description={
          wrong > 0
            ? `${wrong} of ${verdicts.length} entries cannot be taken. Nothing is written until all can.`
            : "All entries can be taken. Prices that you have already are left as they are."
        }
      >
        <DialogBody>
          <ul className="max-h-[45dvh] overflow-y-auto rounded-md border">
            {verdicts.map((verdict, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: verdicts stand in the order of the file
              <VerdictRow key={place} verdict={verdict} entry={entryOf(document, verdict)} />
            ))}
            {verdicts.length === 0 && (
              <li className="px-3 py-2 text-muted text-sm">The file holds no prices.</li>
            )}
          </ul>
          <FormAlert>{refusal}</FormAlert>
        </DialogBody>
        <DialogFooter>
          <DialogClose asChild>
            <Button>Cancel</Button>
          </DialogClose>
          <Button
            variant="primary"
            loading={busy}
            disabled={wrong > 0 || verdicts.length === 0}
            onClick={() => void run()}
          >
            Import prices
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}

function VerdictRow({ verdict, entry }: { verdict: Verdict; entry: string }) {
  const Icon = verdict.ok ? CircleCheck : CircleAlert;
  return (
    <li className="flex items-start gap-2 border-b px-3 py-2 text-sm last:border-b-0">
      <Icon
        className={`mt-0.5 size-4 shrink-0 ${verdict.ok ? "text-good" : "text-critical"}`}
        aria-hidden
      />
      <span className="min-w-0">
        <span className="break-words font-medium">{entry}</span>
        <span className="sr-only">{verdict.ok ? " can be taken" : " cannot be taken"}</span>
        {verdict.message && (
          <span className="block text-muted">
            {verdict.field && <span className="id text-ink">{verdict.field}: </span>}
            {verdict.message}
          </span>
        )}
      </span>
    </li>
  );
}

/** How an entry of the file is called: its provider and model, or where it stands. */
export function entryOf(document: unknown, { index }: Verdict): string {
  if (index === null) return "Trust of reported costs";
  const { overrides } = (document ?? {}) as { overrides?: unknown };
  const entry: unknown = Array.isArray(overrides) ? overrides[index] : null;
  const { provider, model } = (entry ?? {}) as Record<string, unknown>;
  const name = [provider, model].filter((part) => typeof part === "string").join(" / ");
  return name || `Entry ${index + 1}`;
}
