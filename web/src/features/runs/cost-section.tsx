import type { RunDetail } from "@/api/contract";
import { moneyExact } from "@/lib/format";
import { explanationOf, quantityAmong, rateOf } from "@/lib/line-items";
import { Badge, type Tone } from "@/ui/badge";
import { Card, CardHeader } from "@/ui/card";
import { CopyButton } from "@/ui/copy-button";
import { Tooltip } from "@/ui/tooltip";

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
      {run.price_version && (
        <p className="flex items-center gap-1 border-t px-4 py-2 text-faint text-xs">
          Prices of version <span className="id">{run.price_version}</span>
          <CopyButton value={run.price_version} label="Copy the price version" />
        </p>
      )}
    </Card>
  );
}

function Arithmetic({ run }: { run: RunDetail }) {
  return (
    <div className="overflow-x-auto border-t">
      <table className="w-full text-sm">
        <caption className="sr-only">Quantities, rates and amounts that make up the cost</caption>
        <tbody className="font-mono text-[12.5px]">
          {run.line_items.map((item) => (
            <tr key={`${item.unit}-${item.rule}-${item.rate_usd}`} className="border-b">
              <td className="h-9 py-1 pr-3 pl-4">
                <Tooltip content={item.rule && `Rule ${item.rule}`} align="start">
                  <span>{quantityAmong(item, run.line_items)}</span>
                </Tooltip>
              </td>
              <td className="whitespace-nowrap px-3 text-right text-muted">× {rateOf(item)}</td>
              <td className="num whitespace-nowrap py-1 pr-4 pl-3 text-right">
                = {moneyExact(item.amount_usd)}
              </td>
            </tr>
          ))}
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

/** What the line items add up to: the cost of the attempt that they explain. */
function sum(run: RunDetail): string | null {
  const explained = run.attempt_list.find(({ event_id }) => event_id === run.event_id);
  return explained ? explained.cost_usd : run.cost_usd;
}
