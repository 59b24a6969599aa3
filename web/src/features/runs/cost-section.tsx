import type { LineItem, RunDetail } from "@/api/contract";
import { useMayChange } from "@/api/roles";
import { needsPrice } from "@/api/unpriced";
import { moneyExact } from "@/lib/format";
import { explanationOf, quantityAmong, rateOf } from "@/lib/line-items";
import { askForPrice } from "@/lib/price-request";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/card";
import { CopyButton } from "@/ui/copy-button";

const TONES: Record<string, Tone> = {
  reported: "good",
  computed: "good",
  estimated: "warning",
  unpriced: "warning",
};

/** What the call cost, as a sum that can be checked by hand. */
export function CostSection({ run }: { run: RunDetail }) {
  return (
    <Card className="overflow-hidden">
      <CardHeader
        title="Cost"
        description={explanationOf(run.cost_status, run.cost_reason)}
        actions={<Badge tone={TONES[run.cost_status] ?? "neutral"}>{run.cost_status}</Badge>}
      />
      {run.line_items.length > 0 && <Arithmetic run={run} />}
      <WayOut run={run} />
      {run.price_version && (
        <p className="flex items-center gap-1 border-t px-4 py-2 text-faint text-xs">
          Prices of version <span className="id">{run.price_version}</span>
          <CopyButton value={run.price_version} label="Copy the price version" />
        </p>
      )}
    </Card>
  );
}

/** What to do about a cost that is missing or estimated. */
function WayOut({ run }: { run: RunDetail }) {
  const allowed = useMayChange();
  const { cost_status, cost_reason, provider, model, started_at } = run;
  if (cost_status === "estimated") {
    return (
      <p className="border-t px-4 py-2.5 text-muted text-sm">
        How it is computed: what the provider did not report is counted from the text, exactly where
        the model's encoding is public, elsewhere as billed calls of the same model taught. The
        counts are multiplied by the same rates as those of any other call.
      </p>
    );
  }
  if (cost_status !== "unpriced" || !model || !needsPrice({ reason: cost_reason ?? "" })) {
    return null;
  }
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 border-t px-4 py-2.5 text-sm">
      <p className="text-muted">
        {allowed
          ? "Set a price and this call, with all others like it, can be priced."
          : "An owner or administrator of this workspace can set a price for it."}
      </p>
      {allowed && (
        <Button size="sm" onClick={() => askForPrice({ provider, model, since: started_at })}>
          Set a price
        </Button>
      )}
    </div>
  );
}

function Arithmetic({ run }: { run: RunDetail }) {
  return (
    <div className="overflow-x-auto border-t">
      <table className="w-full text-sm">
        <caption className="sr-only">Quantities, rates and amounts that make up the cost</caption>
        <tbody className="font-mono text-[12.5px]">
          {run.line_items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the items of a finished call never move
            <ItemRow key={index} item={item} all={run.line_items} />
          ))}
          {run.from_cache && (
            <tr className="border-b text-good">
              <td className="h-9 py-1 pr-3 pl-4 font-sans text-sm">Saved by the cache</td>
              <td />
              <td className="num whitespace-nowrap py-1 pr-4 pl-3 text-right">
                {moneyExact(run.saved_usd)}
              </td>
            </tr>
          )}
          <tr className="font-semibold">
            <td className="h-10 py-1 pr-3 pl-4 font-sans text-sm">
              {run.attempt_list.length > 1 ? "Last attempt" : "Total"}
            </td>
            <td />
            <td className="num whitespace-nowrap py-1 pr-4 pl-3 text-right">
              {moneyExact(sum(run))}
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** One product; below it which rule the rate comes from, and the model where it is another one. */
function ItemRow({ item, all }: { item: LineItem; all: readonly LineItem[] }) {
  return (
    <tr className="border-b">
      <td className="h-9 py-1.5 pr-3 pl-4">
        {quantityAmong(item, all)}
        {item.model && <span className="text-muted"> of {item.model}</span>}
        {item.rule && (
          <span className="block break-words font-sans text-faint text-xs">{item.rule}</span>
        )}
      </td>
      <td className="whitespace-nowrap px-3 text-right text-muted">× {rateOf(item)}</td>
      <td className="num whitespace-nowrap py-1 pr-4 pl-3 text-right">
        = {moneyExact(item.amount_usd)}
      </td>
    </tr>
  );
}

/** What the line items add up to: the cost of the attempt that they explain. */
function sum(run: RunDetail): string | null {
  const explained = run.attempt_list.find(({ event_id }) => event_id === run.event_id);
  return explained ? explained.cost_usd : run.cost_usd;
}
