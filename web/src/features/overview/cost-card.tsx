import type { UseQueryResult } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo } from "react";
import type { QueryCell } from "@/api/contract";
import type { Answer } from "@/api/table";
import { costChart } from "@/features/overview/cost-points";
import { cn } from "@/lib/cn";
import { count, money } from "@/lib/format";
import { grainsFor, type Period, type Span } from "@/lib/period";
import type { Grain } from "@/lib/time";
import { Button } from "@/ui/button";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { Segmented } from "@/ui/segmented";
import { Skeleton } from "@/ui/skeleton";

const loadChart = () => import("@/charts/time-series");
const TimeSeries = lazy(() => loadChart().then((file) => ({ default: file.TimeSeries })));

/** What answers from the gateway's cache would have cost, and how many there were. */
export type Saved = { usd: QueryCell; answers: number };

type Props = {
  saved: Saved | null;
  answer: UseQueryResult<Answer>;
  period: Period;
  grain: Grain;
  now: number;
  onGrain: (grain: Grain) => void;
  onPeriod: (period: Period) => void;
  onZoom: (span: Span) => void;
  /** Leaves a zoomed period. */
  onReset: () => void;
  className?: string;
};

const GRAIN_LABELS: Record<Grain, string> = {
  hour: "Hour",
  day: "Day",
  week: "Week",
  month: "Month",
};
const HEIGHT = 300;

export function CostCard(props: Props) {
  const { period, grain, saved, onGrain, className } = props;
  const grains = grainsFor(period);
  return (
    <Card className={className}>
      <CardHeader
        title="Cost by model"
        description={
          <>
            US dollars per {grain}
            {saved && (
              <span className="num text-good">
                {" "}
                · {money(saved.usd)} saved by {count(saved.answers)}{" "}
                {saved.answers === 1 ? "answer" : "answers"} from the cache
              </span>
            )}
          </>
        }
        actions={
          grains.length > 1 && (
            <Segmented
              aria-label="Size of the bars"
              value={grain}
              onChange={onGrain}
              options={grains.map((each) => ({ value: each, label: GRAIN_LABELS[each] }))}
            />
          )
        }
      />
      <CardBody>
        <Content {...props} />
      </CardBody>
    </Card>
  );
}

function Content({ answer, now, onPeriod, onZoom, onReset }: Props) {
  const { data } = answer;
  const chart = useMemo(() => (data ? costChart(data) : null), [data]);
  // The chart's code comes while its data is still under way.
  useEffect(() => void loadChart(), []);
  if (answer.isError && !data) {
    return (
      <ErrorState
        className="h-75"
        affected="The cost chart could not be loaded"
        error={answer.error}
        onRetry={() => void answer.refetch()}
        retrying={answer.isFetching}
      />
    );
  }
  if (!data || !chart) return <ChartSkeleton />;
  if (chart.series.length === 0) {
    return (
      <EmptyState
        className="h-75"
        icon={ChartColumn}
        title="No cost in this period"
        actions={<Button onClick={() => onPeriod({ last: "90d" })}>Show the last 90 days</Button>}
      >
        Choose another range, or make a call: it appears here within two seconds.
      </EmptyState>
    );
  }
  const zoom = (from: number, to: number) =>
    onZoom({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  return (
    <div
      className={cn("transition-opacity duration-100", answer.isPlaceholderData && "opacity-60")}
    >
      <Suspense fallback={<ChartSkeleton />}>
        <TimeSeries
          label="Cost over time in US dollars, stacked by model"
          kind="bars"
          unit="usd"
          series={chart.series}
          points={chart.points}
          grain={data.asked.grain ?? "day"}
          zone={data.asked.timezone}
          now={now}
          height={HEIGHT}
          onZoom={zoom}
          onReset={onReset}
        />
      </Suspense>
    </div>
  );
}

const BARS = [38, 52, 47, 60, 72, 66, 41, 35, 58, 63, 70, 78, 74, 49, 44, 61];

function ChartSkeleton() {
  return (
    <div aria-hidden className="flex items-end gap-2 pt-2 pl-12" style={{ height: HEIGHT }}>
      {BARS.map((height, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: a fixed drawing
          key={index}
          className="flex-1"
          style={{ height: `${height}%` }}
        >
          <Skeleton className="h-full" />
        </div>
      ))}
    </div>
  );
}
