import type { UseQueryResult } from "@tanstack/react-query";
import type { MetricField } from "@/api/contract";
import { type Answer, bucketsOf, previousOf, type Row, records, sourceOf } from "@/api/table";
import { Spark } from "@/charts/spark";
import { CARDS, type CardSpec } from "@/features/overview/card-list";
import { cn } from "@/lib/cn";
import { delta } from "@/lib/delta";
import { formatExact, formatValue } from "@/lib/format";
import type { MoneySource } from "@/lib/money-source";
import { toNumber } from "@/lib/number";
import { previousLabel } from "@/lib/period";
import { Card } from "@/ui/card";
import { DeltaText } from "@/ui/delta-text";
import { ErrorState } from "@/ui/error-state";
import { Money } from "@/ui/money";
import { Skeleton } from "@/ui/skeleton";
import { Tooltip } from "@/ui/tooltip";

type Props = {
  totals: UseQueryResult<Answer>;
  trends: UseQueryResult<Answer>;
  fields: readonly MetricField[] | undefined;
  now: number;
};

export function Cards({ totals, trends, fields, now }: Props) {
  if (totals.isError && !totals.data) {
    return (
      <Card>
        <ErrorState
          affected="The totals could not be loaded"
          error={totals.error}
          onRetry={() => void totals.refetch()}
          retrying={totals.isFetching}
        />
      </Card>
    );
  }
  const row = totals.data ? (records(totals.data)[0] ?? {}) : null;
  const sparks = trends.data ? sparkValues(trends.data, now) : null;
  return (
    <div
      className={cn(
        "grid grid-cols-2 gap-3 transition-opacity duration-100 sm:gap-4 xl:grid-cols-4",
        totals.isPlaceholderData && "opacity-60",
      )}
    >
      {CARDS.map((spec, index) => (
        <MetricCard
          key={spec.metric}
          spec={spec}
          first={index === 0}
          row={row}
          source={totals.data && sourceOf(totals.data)}
          versus={totals.data ? previousLabel(totals.data.asked.period) : ""}
          spark={sparks?.values[spec.metric]}
          running={sparks?.running ?? false}
          field={fields?.find(({ name }) => name === spec.metric)}
        />
      ))}
    </div>
  );
}

type CardProps = {
  spec: CardSpec;
  first: boolean;
  row: Row | null;
  source: MoneySource | undefined;
  versus: string;
  spark: (number | null)[] | undefined;
  running: boolean;
  field: MetricField | undefined;
};

function MetricCard({ spec, first, row, source, versus, spark, running, field }: CardProps) {
  const { metric, label, unit, better } = spec;
  const value = row?.[metric];
  const previous = row?.[previousOf(metric)];
  const change = delta(value, previous, better);
  return (
    <Card className={cn("flex flex-col p-4", first && "col-span-2")}>
      <Tooltip content={field && <Definition field={field} />} align="start">
        <h2 className="w-fit cursor-help text-muted text-sm">{label}</h2>
      </Tooltip>
      <div className="mt-1 flex h-9 items-center justify-between gap-4">
        {row ? (
          <p className="num whitespace-nowrap font-medium text-2xl">
            {unit === "usd" ? (
              <Money value={value} of={source} />
            ) : (
              <Tooltip
                content={<span className="num">{formatExact(unit, value)}</span>}
                align="start"
              >
                <span>{formatValue(unit, value)}</span>
              </Tooltip>
            )}
          </p>
        ) : (
          <Skeleton className="h-6 w-24" />
        )}
        <div className={cn("min-w-0 max-sm:hidden", first ? "w-1/2" : "w-26")}>
          {spark && <Spark values={spark} running={running} fromZero={unit !== "ratio"} />}
        </div>
      </div>
      <p className="mt-1.5 flex h-4 items-center gap-x-1.5 whitespace-nowrap text-xs">
        {row ? (
          <>
            <Tooltip content={`Before: ${formatExact(unit, previous)}`} align="start">
              <span>{change && <DeltaText delta={change} />}</span>
            </Tooltip>
            <span className={cn("text-faint", change && !first && "max-sm:hidden")}>
              {change ? versus : "no earlier data"}
            </span>
          </>
        ) : (
          <Skeleton className="h-3 w-32" />
        )}
      </p>
    </Card>
  );
}

function Definition({ field }: { field: MetricField }) {
  return (
    <div>
      {field.description}
      <div className="mt-1 font-mono text-faint text-xs">{field.formula}</div>
    </div>
  );
}

/** Values per bucket of every card; what is unknown without calls is a gap. */
export function sparkValues(answer: Answer, now: number) {
  const rows = records(answer);
  const values: Record<string, (number | null)[]> = {};
  for (const { metric } of CARDS) values[metric] = rows.map((row) => toNumber(row[metric]));
  const last = bucketsOf(answer).at(-1);
  return { values, running: last !== undefined && last.end > now };
}
