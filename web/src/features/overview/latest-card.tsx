import { Link } from "@tanstack/react-router";
import type { Run } from "@/api/contract";
import type { LiveState } from "@/api/live";
import { colorOf } from "@/charts/palette";
import { cn } from "@/lib/cn";
import { count, duration } from "@/lib/format";
import { sumOfKnown } from "@/lib/number";
import { Card, CardHeader } from "@/ui/card";
import { ErrorState } from "@/ui/error-state";
import { LiveBadge } from "@/ui/live-badge";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { Skeleton } from "@/ui/skeleton";
import { StatusDot } from "@/ui/status-badge";
import { TimeText } from "@/ui/time-text";

const LOADING = ["a", "b", "c", "d", "e", "f", "g", "h"];

type Props = {
  runs: readonly Run[] | undefined;
  /** Ids of runs that came in while the page was open: they fade in. */
  fresh: ReadonlySet<string>;
  live: LiveState;
  error: unknown;
  onRetry: () => void;
  zone: string;
  className?: string;
};

export function LatestCard({ runs, fresh, live, error, onRetry, zone, className }: Props) {
  return (
    <Card className={cn("flex flex-col overflow-hidden", className)}>
      <CardHeader
        title="Latest calls"
        actions={
          <div className="flex items-center gap-3.5">
            <LiveBadge state={live} />
            <Link to="/runs" className="text-accent-text text-sm hover:underline">
              All runs
            </Link>
          </div>
        }
      />
      {error && !runs ? (
        <ErrorState affected="The calls could not be loaded" error={error} onRetry={onRetry} />
      ) : (
        <ol className="min-h-0 flex-1 border-t xl:grid xl:grid-rows-8">
          {!runs && LOADING.map((key) => <LoadingRow key={key} />)}
          {runs?.map((run) => (
            <li
              key={run.id}
              className={cn("border-b last:border-b-0", fresh.has(run.id) && "animate-arrive")}
            >
              <LatestRow run={run} zone={zone} />
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function LatestRow({ run, zone }: { run: Run; zone: string }) {
  const { feature, user } = run.attribution;
  const tokens = sumOfKnown(run.usage.input_tokens, run.usage.output_tokens);
  const facts = [
    feature ?? user ?? run.operation,
    run.from_cache ? "from cache" : tokens === null ? null : `${count(tokens)} tokens`,
    duration(run.latency_ms),
  ];
  return (
    <Link
      to="/runs/$id"
      params={{ id: run.id }}
      className="grid h-full grid-cols-[1fr_auto] content-center gap-x-3 px-4 py-1.5 text-sm hover:bg-hover focus-visible:outline-offset-[-2px]"
    >
      <span className="flex min-w-0 items-center gap-2">
        <ModelName model={run.model} color={colorOf(run.provider, run.model)} />
        {run.status !== "success" && <StatusDot status={run.status} />}
      </span>
      <span className="num text-right font-medium">
        <Money value={run.cost_usd} of={{ kind: "run", id: run.id }} insideLink />
      </span>
      <span className="num truncate text-faint text-xs">{facts.filter(Boolean).join(" · ")}</span>
      <TimeText value={run.started_at} zone={zone} className="num text-right text-faint text-xs" />
    </Link>
  );
}

function LoadingRow() {
  return (
    <li className="flex flex-col justify-center gap-2 border-b px-4 py-2.5 last:border-b-0">
      <Skeleton className="h-3.5 w-40" />
      <Skeleton className="h-3 w-28" />
    </li>
  );
}
