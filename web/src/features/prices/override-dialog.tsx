import { type ReactNode, useState } from "react";
import type { Override, OverrideIn, SavedOverride } from "@/api/price-types";
import { type RepriceScope, saveOverride, usePricesChanged } from "@/api/prices";
import { OverrideForm } from "@/features/prices/override-form";
import { RepriceBody } from "@/features/prices/reprice-body";
import { countExact } from "@/lib/format";
import { Button } from "@/ui/button";
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from "@/ui/dialog";

type Props = {
  /** Set when the dialog is opened by its own button. */
  trigger?: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  provider: string;
  model: string;
  /** RFC 3339: since when calls wait for this price. */
  since?: string;
  editing?: Override | null;
};

/** A price of one's own in up to three steps: the form, what it touches, pricing past calls again. */
export function OverrideDialog({ trigger, open, onOpenChange, ...rest }: Props) {
  const [own, setOwn] = useState(false);
  const shown = open ?? own;
  const change = onOpenChange ?? setOwn;
  return (
    <Dialog open={shown} onOpenChange={change}>
      {trigger && <DialogTrigger asChild>{trigger}</DialogTrigger>}
      {shown && <Steps {...rest} onDone={() => change(false)} />}
    </Dialog>
  );
}

type Step = { name: "form" } | { name: "saved" | "reprice"; saved: SavedOverride };

function Steps(props: Omit<Props, "trigger" | "open" | "onOpenChange"> & { onDone: () => void }) {
  const { provider, model, since, editing = null, onDone } = props;
  const changed = usePricesChanged();
  const [step, setStep] = useState<Step>({ name: "form" });
  const save = async (body: OverrideIn) => {
    const saved = await saveOverride(editing?.id ?? null, body);
    setStep({ name: "saved", saved });
    await changed();
  };
  if (step.name === "form") {
    return (
      <DialogContent
        className="sm:w-[640px]"
        title={editing ? "Change your price" : "Set a price"}
        description="What you pay instead of the list price. New calls are priced by it at once."
      >
        <OverrideForm start={{ provider, model }} editing={editing} onSubmit={save} />
      </DialogContent>
    );
  }
  if (step.name === "saved") {
    return (
      <DialogContent title="Your price was saved">
        <Saved saved={step.saved} onReprice={() => setStep({ ...step, name: "reprice" })} />
      </DialogContent>
    );
  }
  return (
    <DialogContent
      className="sm:w-[760px]"
      title="Re-price past calls"
      description="First you see what would change. Nothing is written until you apply it."
    >
      <RepriceBody scope={scopeOf(step.saved)} since={since ?? step.saved.from} onDone={onDone} />
    </DialogContent>
  );
}

/** The calls that a price can touch. */
function scopeOf({ provider, model, from, until }: Override): Partial<RepriceScope> {
  return {
    provider: provider === "*" ? undefined : provider,
    model: model === "*" ? undefined : model,
    from: from ?? undefined,
    to: until ?? undefined,
  };
}

function Saved({ saved, onReprice }: { saved: SavedOverride; onReprice: () => void }) {
  const { matches_now, affected_calls_30d: calls } = saved;
  return (
    <>
      <DialogBody className="flex flex-col gap-2 text-base">
        <p>
          Calls from now on are priced by it
          {matches_now > 0 && (
            <>
              ; it stands before <span className="num">{countExact(matches_now)}</span>{" "}
              {matches_now === 1 ? "model" : "models"} of the price book
            </>
          )}
          .
        </p>
        <p className="text-muted">{pastWords(calls)}</p>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{calls === 0 ? "Done" : "Leave past calls as they are"}</Button>
        </DialogClose>
        <Button variant={calls === 0 ? "secondary" : "primary"} onClick={onReprice}>
          Re-price past calls
        </Button>
      </DialogFooter>
    </>
  );
}

function pastWords(calls: number | null): string {
  if (calls === 0) return "No call of the last 30 days is concerned.";
  const keep = "Past calls keep their price unless you price them again.";
  if (calls === null) return keep;
  const told =
    calls === 1
      ? "1 call of the last 30 days has"
      : `${countExact(calls)} calls of the last 30 days have`;
  return `${told} the old price. ${keep}`;
}
