import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { tableQuery } from "@/api/queries";
import { type Answer, OTHER, type Row, records } from "@/api/table";
import { colorOf, OTHER_COLOR } from "@/charts/palette";
import { CardError, CardLoading, Line, Lines, Notes } from "@/features/prices/arithmetic-parts";
import { byModel, byOrigin, callsOf, type SumSource } from "@/features/prices/sum-questions";
import { kindsOf } from "@/lib/cost-kinds";
import { decimal, sumOf } from "@/lib/decimal";
import { count, money, moneyExact } from "@/lib/format";
import { toNumber } from "@/lib/number";
import { ModelName } from "@/ui/model-name";

/** A sum: model by model the tokens of each kind times their rate, and what the sum rests on. */
export function SumArithmetic({ source }: { source: SumSource }) {
  const models = useQuery(tableQuery(byModel(source)));
  const origin = useQuery(tableQuery(byOrigin(source)));
  const search = callsOf(source);
  if (!models.data && models.error) {
    return <CardError error={models.error} onRetry={() => void models.refetch()} />;
  }
  if (!models.data) return <CardLoading />;
  const rows = records(models.data).filter((row) => row.cost !== null || !row.unpriced_requests);
  return (
    <>
      <Lines caption="What each model adds to the cost">
        {rows.map((row) => (
          <ModelLines key={`${row.provider}/${row.model}`} row={row} alone={rows.length === 1} />
        ))}
        {rows.length > 1 && (
          <Line
            quantity="Together"
            amount={moneyExact(sumOf(rows.map(({ cost }) => textCell(cost))))}
            strong
          />
        )}
      </Lines>
      <Notes>
        {origin.data && <Origin answer={origin.data} />}
        {search && (
          <p>
            <Link to="/runs" search={search} className="text-accent-text hover:underline">
              Show the calls
            </Link>
          </p>
        )}
      </Notes>
    </>
  );
}

function ModelLines({ row, alone }: { row: Row; alone: boolean }) {
  const rest = row.model === OTHER;
  const provider = rest || row.provider === null ? null : String(row.provider);
  const model = rest || row.model === null ? null : String(row.model);
  const kinds = rest ? [] : kindsOf(row);
  return (
    <>
      {!(alone && kinds.length > 0) && (
        <tr className="[&:not(:first-child)>td]:pt-2.5">
          <td colSpan={2}>
            <ModelName
              model={rest ? "Other models" : model}
              color={rest ? OTHER_COLOR : colorOf(provider, model)}
            />
          </td>
          <td className="num text-right font-medium">{moneyExact(textCell(row.cost))}</td>
        </tr>
      )}
      {kinds.map((kind) => (
        <Line
          key={kind.key}
          quantity={
            <span className="text-muted">
              {kind.quantity === null ? kind.label : `${count(kind.quantity)} ${kind.label}`}
            </span>
          }
          rate={
            kind.rate !== null &&
            (kind.single ? `× ${moneyExact(kind.rate)} / 1M` : `× ${money(kind.rate)} / 1M avg`)
          }
          amount={<span className="text-muted">= {moneyExact(kind.cost)}</span>}
        />
      ))}
    </>
  );
}

const STATUS_WORDS: Record<string, string> = {
  computed: "exact: counts of the provider × the book",
  reported: "named by the provider",
  estimated: "estimated: counts of our own",
};

/** How sure the sum is, and by which versions of the book it was priced. */
function Origin({ answer }: { answer: Answer }) {
  const rows = records(answer);
  const versions = [...new Set(rows.map((row) => textCell(row.price_version)).filter(Boolean))];
  const unpriced = rows
    .filter((row) => row.cost_status === "unpriced")
    .reduce((sum, row) => sum + (toNumber(row.attempts) ?? 0), 0);
  return (
    <>
      {Object.entries(STATUS_WORDS).map(([status, words]) => {
        const sum = sumOf(
          rows.filter((row) => row.cost_status === status).map(({ cost }) => textCell(cost)),
        );
        if (!sum || decimal(sum)?.digits === 0n) return null;
        return (
          <p key={status} className="flex justify-between gap-3">
            <span>{words}</span>
            <span className="num text-ink">{money(sum)}</span>
          </p>
        );
      })}
      {unpriced > 0 && (
        <p className="flex justify-between gap-3 text-warning">
          <span>without a price, in no sum</span>
          <span className="num">
            {count(unpriced)} {unpriced === 1 ? "attempt" : "attempts"}
          </span>
        </p>
      )}
      {versions.length > 0 && (
        <p className="break-words">
          Prices of {versions.length === 1 ? "version" : "versions"}{" "}
          <span className="id text-ink">{versions.slice(0, 3).join(", ")}</span>
          {versions.length > 3 && ` and ${versions.length - 3} more`}
        </p>
      )}
    </>
  );
}

function textCell(cell: Row[string] | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}
