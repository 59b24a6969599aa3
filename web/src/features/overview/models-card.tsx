import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Answer, previousOf, type Row, records, sourceOf } from "@/api/table";
import { colorOf } from "@/charts/palette";
import { cn } from "@/lib/cn";
import { delta } from "@/lib/delta";
import { formatValue, percent, type Unit } from "@/lib/format";
import { useMedia } from "@/lib/hooks";
import { type MoneySource, modelFilters, type SourceFilter } from "@/lib/money-source";
import { toNumber } from "@/lib/number";
import { type Period, toPeriodSearch } from "@/lib/period";
import { providerName } from "@/lib/provider-names";
import { Card, CardHeader } from "@/ui/card";
import { DeltaText } from "@/ui/delta-text";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { SkeletonRows } from "@/ui/skeleton";
import { ShareCell, SortTH, Table, TD, TH, THead, TR } from "@/ui/table";

type Props = { answer: UseQueryResult<Answer>; period: Period };
type Sort = { metric: string; desc: boolean };

const COLUMNS: { metric: string; label: string; unit: Unit }[] = [
  { metric: "requests", label: "Requests", unit: "count" },
  { metric: "input_tokens", label: "Tokens in", unit: "tokens" },
  { metric: "output_tokens", label: "Tokens out", unit: "tokens" },
  { metric: "success_rate", label: "Success", unit: "ratio" },
  { metric: "latency_p95", label: "p95", unit: "ms" },
];
const SKELETON = ["w-36", "w-16", "w-10", "w-10", "w-12", "w-12", "w-12", "w-10", "w-12"] as const;

export function ModelsCard({ answer, period }: Props) {
  const [sort, setSort] = useState<Sort>({ metric: "cost", desc: true });
  const { data } = answer;
  const rows = data ? sortRows(records(data), sort) : [];
  const total = rows.reduce((sum, row) => sum + (toNumber(row.cost) ?? 0), 0);
  const head = (metric: string) => ({
    align: "right" as const,
    sorted: sort.metric === metric ? (sort.desc ? ("desc" as const) : ("asc" as const)) : null,
    onSort: () => setSort({ metric, desc: sort.metric === metric ? !sort.desc : true }),
  });
  return (
    <Card>
      <CardHeader title="Models" className="pb-1" />
      {answer.isError && !data ? (
        <ErrorState
          affected="The models could not be loaded"
          error={answer.error}
          onRetry={() => void answer.refetch()}
          retrying={answer.isFetching}
        />
      ) : (
        <Table className={cn(answer.isPlaceholderData && "opacity-60")}>
          <THead>
            <tr>
              <TH>Model</TH>
              <SortTH {...head("cost")}>Cost</SortTH>
              <TH align="right">Share</TH>
              <TH align="right">Change</TH>
              {COLUMNS.map(({ metric, label }) => (
                <SortTH key={metric} {...head(metric)}>
                  {label}
                </SortTH>
              ))}
            </tr>
          </THead>
          <tbody>
            {!data && <SkeletonRows rows={6} columns={SKELETON} />}
            {rows.map((row) => (
              <ModelRow
                key={`${row.provider}/${row.model}`}
                row={row}
                source={data && sourceOf(data, filtersOf(row))}
                total={total}
                period={period}
              />
            ))}
          </tbody>
        </Table>
      )}
      {data && rows.length === 0 && (
        <EmptyState title="No model was called in this period" className="py-8" />
      )}
    </Card>
  );
}

type RowProps = { row: Row; source: MoneySource | undefined; total: number; period: Period };

function ModelRow({ row, source, total, period }: RowProps) {
  const phone = useMedia("(max-width: 640px)");
  const model = row.model === null ? null : String(row.model);
  const provider = row.provider === null ? null : String(row.provider);
  const color = colorOf(provider, model);
  const cost = toNumber(row.cost);
  const share = total > 0 && cost !== null ? cost / total : null;
  return (
    <TR className="hover:bg-hover">
      <TD className="max-w-72">
        <Link
          to="/runs"
          search={{ ...toPeriodSearch(period), model: model ? [model] : undefined }}
          className="block rounded-sm hover:underline"
        >
          <ModelName
            model={model}
            provider={phone || !provider ? null : providerName(provider)}
            color={color}
          />
        </Link>
      </TD>
      <TD numeric className="font-medium">
        <Money value={row.cost} of={source} />
      </TD>
      <ShareCell share={share} color={color}>
        {percent(share)}
      </ShareCell>
      <TD numeric>
        <DeltaText delta={delta(row.cost, row[previousOf("cost")], "lower")} />
      </TD>
      {COLUMNS.map(({ metric, unit }) => (
        <TD key={metric} numeric>
          {formatValue(unit, row[metric])}
        </TD>
      ))}
    </TR>
  );
}

function filtersOf({ provider, model }: Row): SourceFilter[] {
  return modelFilters(textOf(provider), textOf(model));
}

function textOf(cell: Row[string] | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}

/** What has no value comes last, whichever way the column is sorted. */
export function sortRows(rows: readonly Row[], { metric, desc }: Sort): Row[] {
  return [...rows].sort((a, b) => {
    const left = toNumber(a[metric]);
    const right = toNumber(b[metric]);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return desc ? right - left : left - right;
  });
}
