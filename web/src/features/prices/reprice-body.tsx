import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { useWorkspace } from "@/api/member";
import type { Reprice } from "@/api/price-types";
import { applyReprice, type RepriceScope, repriceQuery, usePricesChanged } from "@/api/prices";
import { RepriceTable } from "@/features/prices/reprice-table";
import { countExact, moneyExact } from "@/lib/format";
import { day } from "@/lib/time";
import { Button } from "@/ui/button";
import { ConfirmDialog, DialogBody, DialogClose, DialogFooter } from "@/ui/dialog";
import { ErrorState } from "@/ui/error-state";
import { Select } from "@/ui/select";
import { Skeleton } from "@/ui/skeleton";
import { notifyError } from "@/ui/toast";

const DAY = 86_400_000;
const SPANS = [
  { value: "7", label: "Last 7 days" },
  { value: "30", label: "Last 30 days" },
  { value: "90", label: "Last 90 days" },
  { value: "365", label: "Last 365 days" },
] as const;
type Choice = "since" | (typeof SPANS)[number]["value"];

type Props = {
  scope: Partial<RepriceScope>;
  /** Where the calls begin that are waiting; offered first. */
  since: string | null | undefined;
  onDone: () => void;
};

/** Past calls priced again: what would change, then, if wanted, the change. */
export function RepriceBody({ scope, since, onDone }: Props) {
  const { timezone: zone } = useWorkspace();
  const [opened] = useState(() => Date.now());
  const begun = since && Date.parse(since) < opened ? since : null;
  const [choice, setChoice] = useState<Choice>(begun ? "since" : "30");
  const [done, setDone] = useState<Reprice | null>(null);
  // Days are counted back from now, or from the end of a price that is over.
  const end = scope.to ? Math.min(Date.parse(scope.to), opened) : opened;
  const from =
    choice === "since" && begun ? begun : new Date(end - Number(choice) * DAY).toISOString();
  // One minute ahead: a call that is just being written down belongs to the past.
  const wanted = { ...scope, from, to: scope.to ?? new Date(opened + 60_000).toISOString() };
  if (done) return <Done result={done} onDone={onDone} />;
  const options: { value: Choice; label: string }[] = begun
    ? [{ value: "since", label: `Since ${day(begun, zone)}` }, ...SPANS]
    : [...SPANS];
  return (
    <>
      <DialogBody className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center gap-2 text-sm">
          <span className="text-muted">
            {scope.model ? (
              <>
                Calls of <span className="font-medium text-ink">{scope.model}</span>
              </>
            ) : (
              `All calls${scope.provider ? ` of ${scope.provider}` : ""}`
            )}
          </span>
          <div className="w-44">
            <Select
              aria-label="Which past calls"
              value={choice}
              onChange={setChoice}
              options={options}
            />
          </div>
        </div>
      </DialogBody>
      <DryRun key={from} scope={wanted} onApplied={setDone} />
    </>
  );
}

type DryRunProps = { scope: RepriceScope; onApplied: (result: Reprice) => void };

function DryRun({ scope, onApplied }: DryRunProps) {
  const pricesChanged = usePricesChanged();
  const answer = useQuery(repriceQuery(scope));
  const changed = answer.data?.totals.changed ?? 0;
  const apply = async () => {
    try {
      onApplied(await applyReprice(scope));
    } catch (error) {
      notifyError(error, "The calls were not re-priced");
      throw error;
    }
    await pricesChanged();
  };
  return (
    <>
      <DialogBody className="min-h-40">
        {answer.isError ? (
          <ErrorState
            affected="It could not be worked out what would change"
            error={answer.error}
            onRetry={() => void answer.refetch()}
            retrying={answer.isFetching}
          />
        ) : !answer.data ? (
          <div aria-busy className="flex flex-col gap-2">
            <Skeleton className="h-8" />
            <Skeleton className="h-8" />
            <Skeleton className="h-8" />
          </div>
        ) : changed === 0 ? (
          <p className="text-muted">
            {answer.data.totals.events === 0
              ? "There are no such calls in this time."
              : `All ${countExact(answer.data.totals.events)} calls have the right price already.`}
          </p>
        ) : (
          <RepriceTable result={answer.data} />
        )}
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{answer.data && changed === 0 ? "Close" : "Cancel"}</Button>
        </DialogClose>
        {changed > 0 && (
          <ConfirmDialog
            trigger={
              <Button variant="primary">
                Apply to {countExact(changed)} {changed === 1 ? "call" : "calls"}
              </Button>
            }
            title={`Re-price ${countExact(changed)} ${changed === 1 ? "call" : "calls"}?`}
            description="Costs, charts and sums of this time change on every page. The change is written to the audit log, and pricing again with other prices changes it back."
            action="Re-price"
            onConfirm={apply}
          />
        )}
      </DialogFooter>
    </>
  );
}

function Done({ result, onDone }: { result: Reprice; onDone: () => void }) {
  const { changed, old_usd, new_usd } = result.totals;
  return (
    <>
      <DialogBody className="flex items-start gap-3">
        <CircleCheck className="mt-0.5 size-5 shrink-0 text-good" aria-hidden />
        <div role="status">
          <p className="font-medium">
            {countExact(changed)} {changed === 1 ? "call was" : "calls were"} priced again
          </p>
          <p className="num mt-1 text-muted text-sm">
            Together {moneyExact(old_usd)} before and {moneyExact(new_usd)} now.
          </p>
          {result.reprice_id && (
            <p className="mt-1 text-faint text-xs">
              In the audit log as <span className="id">{result.reprice_id}</span>
            </p>
          )}
        </div>
      </DialogBody>
      <DialogFooter>
        <Button variant="primary" onClick={onDone}>
          Done
        </Button>
      </DialogFooter>
    </>
  );
}
