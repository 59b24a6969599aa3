import { Link, useNavigate } from "@tanstack/react-router";
import type { Run } from "@/api/contract";
import { colorOf } from "@/charts/palette";
import { cn } from "@/lib/cn";
import { count, countExact, duration, money } from "@/lib/format";
import { moveFocus } from "@/lib/row-focus";
import { clock } from "@/lib/time";
import { Badge } from "@/ui/badge";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { SkeletonRows } from "@/ui/skeleton";
import { StatusBadge } from "@/ui/status-badge";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { TimeText } from "@/ui/time-text";

type Props = {
  /** Undefined while the first page loads. */
  runs: readonly Run[] | undefined;
  fresh: ReadonlySet<string>;
  zone: string;
};

const SKELETON = ["w-20", "w-16", "w-36", "w-24", "w-20", "w-10", "w-10", "w-14", "w-12"] as const;

export function RunTable({ runs, fresh, zone }: Props) {
  return (
    <Table>
      <THead>
        <tr>
          <TH>Started</TH>
          <TH>Status</TH>
          <TH>Model</TH>
          <TH>Feature</TH>
          <TH>User</TH>
          <TH align="right">Tokens in</TH>
          <TH align="right">Tokens out</TH>
          <TH align="right">Cost</TH>
          <TH align="right">Latency</TH>
        </tr>
      </THead>
      <tbody onKeyDown={moveFocus}>
        {!runs && <SkeletonRows rows={14} columns={SKELETON} />}
        {runs?.map((run) => (
          <RunRow key={run.id} run={run} fresh={fresh.has(run.id)} zone={zone} />
        ))}
      </tbody>
    </Table>
  );
}

function RunRow({ run, fresh, zone }: { run: Run; fresh: boolean; zone: string }) {
  const navigate = useNavigate();
  const { input_tokens, output_tokens } = run.usage;
  return (
    <TR
      className={cn("cursor-pointer hover:bg-hover", fresh && "animate-arrive")}
      onClick={() => void navigate({ to: "/runs/$id", params: { id: run.id } })}
    >
      <TD>
        <Link
          to="/runs/$id"
          params={{ id: run.id }}
          data-row-link
          className="rounded-sm text-muted"
          onClick={(event) => event.stopPropagation()}
        >
          <TimeText value={run.started_at} zone={zone} className="num" />
        </Link>
        <span className="num ml-2 text-faint text-xs max-lg:hidden">
          {clock(run.started_at, zone)}
        </span>
      </TD>
      <TD>
        <StatusBadge status={run.status} detail={failure(run)} />
      </TD>
      <TD className="max-w-64">
        <ModelName model={run.model} color={colorOf(run.provider, run.model)} />
      </TD>
      <TD className="max-w-48 truncate text-muted">{run.attribution.feature ?? "–"}</TD>
      <TD className="max-w-40 truncate text-muted">{run.attribution.user ?? "–"}</TD>
      <TD numeric title={countExact(input_tokens)}>
        {count(input_tokens)}
      </TD>
      <TD numeric title={countExact(output_tokens)}>
        {count(output_tokens)}
      </TD>
      <TD numeric className="font-medium">
        {run.from_cache && (
          <Badge tone="good" className="mr-2" title={savedWords(run)}>
            cache
          </Badge>
        )}
        <Money value={run.cost_usd} of={{ kind: "run", id: run.id }} />
      </TD>
      <TD numeric>{duration(run.latency_ms)}</TD>
    </TR>
  );
}

/** What an answer from the cache was worth. */
export function savedWords({ saved_usd }: Pick<Run, "saved_usd">): string {
  return saved_usd === null
    ? "Answered from the cache"
    : `Answered from the cache, saved ${money(saved_usd)}`;
}

/** What went wrong, in a word: `429`, `timeout`. */
export function failure(run: Run): string | null {
  // The class of a cancelled call says only what the word says already.
  if (run.status === "success" || run.status === "cancelled") return null;
  if (run.http_status !== null && run.http_status >= 400) return String(run.http_status);
  return run.error_class;
}
