import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@/api/contract";
import { runQuery } from "@/api/queries";
import { CardError, CardLoading, Line, Lines, Notes } from "@/features/prices/arithmetic-parts";
import { decimal, sumOf } from "@/lib/decimal";
import { moneyExact } from "@/lib/format";
import { explanationOf, quantityAmong, rateOf } from "@/lib/line-items";

/** One call: its line items, the rules behind their rates, and the version of the book. */
export function RunArithmetic({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(runQuery(id));
  if (!data && error) return <CardError error={error} onRetry={() => void refetch()} />;
  if (!data) return <CardLoading />;
  const earlier = earlierAttempts(data);
  const rules = [...new Set(data.line_items.map(({ rule }) => rule).filter(Boolean))];
  return (
    <>
      {data.line_items.length > 0 && (
        <Lines caption="Quantities, rates and amounts that make up the cost">
          {data.line_items.map((item, index) => (
            <Line
              // biome-ignore lint/suspicious/noArrayIndexKey: the items of a finished call never move
              key={index}
              quantity={
                <>
                  {quantityAmong(item, data.line_items)}
                  {item.model && <span className="text-muted"> of {item.model}</span>}
                </>
              }
              rate={`× ${rateOf(item)}`}
              amount={`= ${moneyExact(item.amount_usd)}`}
            />
          ))}
          {earlier && (
            <Line quantity="earlier attempts of the same call" amount={moneyExact(earlier)} />
          )}
        </Lines>
      )}
      <Notes>
        <p>{explanationOf(data.cost_status, data.cost_reason)}</p>
        {rules.map((rule) => (
          <p key={rule} className="break-words">
            Rule <span className="id text-ink">{rule}</span>
          </p>
        ))}
        <p className="flex justify-between gap-3">
          <span>
            {data.price_version && (
              <>
                Prices of version <span className="id text-ink">{data.price_version}</span>
              </>
            )}
          </span>
          <Link
            to="/runs/$id"
            params={{ id: data.id }}
            className="shrink-0 text-accent-text hover:underline"
          >
            Open the call
          </Link>
        </p>
      </Notes>
    </>
  );
}

/** What attempts before the explained one cost; null when there are none or they cost nothing. */
export function earlierAttempts(
  run: Pick<RunDetail, "cost_usd" | "attempt_list" | "event_id">,
): string | null {
  const others = run.attempt_list.filter(({ event_id }) => event_id !== run.event_id);
  const sum = sumOf(others.map(({ cost_usd }) => cost_usd));
  return sum && decimal(sum)?.digits !== 0n ? sum : null;
}
