import { Link } from "@tanstack/react-router";
import type { Run } from "@/api/contract";
import { colorOf } from "@/charts/palette";
import { failure } from "@/features/runs/run-table";
import { cn } from "@/lib/cn";
import { count, duration } from "@/lib/format";
import { sumOfKnown } from "@/lib/number";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { Skeleton } from "@/ui/skeleton";
import { StatusBadge } from "@/ui/status-badge";
import { TimeText } from "@/ui/time-text";

type Props = { runs: readonly Run[] | undefined; fresh: ReadonlySet<string>; zone: string };

const LOADING = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** The run table on a phone: two lines for each run. */
export function RunList({ runs, fresh, zone }: Props) {
  return (
    <ol>
      {!runs &&
        LOADING.map((key) => (
          <li key={key} className="flex flex-col gap-2 border-b px-4 py-3 last:border-b-0">
            <Skeleton className="h-3.5 w-40" />
            <Skeleton className="h-3 w-28" />
          </li>
        ))}
      {runs?.map((run) => (
        <li
          key={run.id}
          className={cn("border-b last:border-b-0", fresh.has(run.id) && "animate-arrive")}
        >
          <Link
            to="/runs/$id"
            params={{ id: run.id }}
            className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-0.5 px-4 py-2.5 text-sm active:bg-hover"
          >
            <ModelName model={run.model} color={colorOf(run.provider, run.model)} />
            <span className="num text-right font-medium">
              <Money value={run.cost_usd} of={{ kind: "run", id: run.id }} insideLink />
            </span>
            <span className="num flex min-w-0 items-center gap-2 text-faint text-xs">
              {run.status !== "success" && (
                <StatusBadge status={run.status} detail={failure(run)} />
              )}
              <span className="truncate">
                {[
                  run.from_cache && "from cache",
                  run.attribution.feature,
                  tokensOf(run),
                  duration(run.latency_ms),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </span>
            <TimeText
              value={run.started_at}
              zone={zone}
              className="num text-right text-faint text-xs"
            />
          </Link>
        </li>
      ))}
    </ol>
  );
}

/** "1,825 tokens"; nothing where none were reported. */
function tokensOf({ usage }: Run): string | null {
  const tokens = sumOfKnown(usage.input_tokens, usage.output_tokens);
  return tokens === null ? null : `${count(tokens)} tokens`;
}
