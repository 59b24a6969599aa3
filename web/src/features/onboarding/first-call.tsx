import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { call } from "@/api/client";
import type { Run } from "@/api/contract";
import { useLiveRuns } from "@/api/live";
import { onboardingQuery } from "@/api/onboarding";
import { runQuery, scoped } from "@/api/queries";
import { countExact, duration, money, moneyExact } from "@/lib/format";
import { explanationOf, lineText } from "@/lib/line-items";
import { providerName } from "@/lib/provider-names";
import { Button } from "@/ui/button";
import { Skeleton } from "@/ui/skeleton";

const POLL_WHILE_LIVE_MS = 5_000;
const POLL_MS = 1_500;

type Props = { hadCall: boolean };

/** Waits for a call, by the live stream and by asking, and then shows what it cost. */
export function FirstCall({ hadCall }: Props) {
  const [hadOne] = useState(hadCall);
  const client = useQueryClient();
  const [live, setLive] = useState<Run | null>(null);
  const state = useLiveRuns((runs) => setLive((seen) => seen ?? runs[0] ?? null));
  const latest = useQuery({
    queryKey: scoped("first-call"),
    queryFn: ({ signal }) =>
      call("GET", "/runs", { query: { limit: 1 }, signal }).then((page) => page.items),
    refetchInterval: (query) => {
      if (live || query.state.data?.length) return false;
      return state === "live" ? POLL_WHILE_LIVE_MS : POLL_MS;
    },
  });
  const run = live ?? latest.data?.[0] ?? null;
  const there = run !== null;
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (live) place.current?.scrollIntoView({ block: "nearest" });
  }, [live]);
  useEffect(() => {
    if (!there) return;
    client.setQueryData(onboardingQuery().queryKey, (known) =>
      known ? { ...known, steps: { ...known.steps, first_call: true } } : known,
    );
  }, [there, client]);

  return (
    <section ref={place} aria-label="Your first call" aria-live="polite" className="mt-6">
      {run ? <Arrived run={run} earlier={hadOne && !live} /> : <Waiting />}
    </section>
  );
}

function Waiting() {
  return (
    <div className="flex items-center gap-3 rounded-lg border border-line-strong border-dashed px-5 py-4">
      <span aria-hidden className="size-2 shrink-0 animate-pulse-soft rounded-full bg-accent" />
      <div>
        <p className="font-medium text-base">Waiting for your first call…</p>
        <p className="text-muted text-sm">Run the code above. The call shows here as it arrives.</p>
      </div>
    </div>
  );
}

function Arrived({ run, earlier }: { run: Run; earlier: boolean }) {
  const ok = run.status === "success";
  const Icon = ok ? CircleCheck : CircleAlert;
  return (
    <div className="animate-fade overflow-hidden rounded-lg border bg-surface">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3 p-5">
        <div>
          <h2 className="flex items-center gap-2 font-semibold text-base">
            <Icon className={ok ? "size-4 text-good" : "size-4 text-critical"} aria-hidden />
            {headline(ok, earlier)}
          </h2>
          <p className="mt-0.5 text-muted text-sm">
            {providerName(run.provider)} ·{" "}
            <span className="id">{run.model ?? run.model_requested}</span>
          </p>
        </div>
        <p className="num font-medium text-2xl" title={moneyExact(run.cost_usd)}>
          {run.cost_usd === null ? "unpriced" : money(run.cost_usd)}
        </p>
      </div>
      {!ok && <Failure run={run} />}
      <dl className="grid grid-cols-3 border-t [&>div]:px-5 [&>div]:py-3 [&>div+div]:border-l">
        <Fact name="Input tokens" value={countExact(run.usage.input_tokens)} />
        <Fact name="Output tokens" value={countExact(run.usage.output_tokens)} />
        <Fact name="Duration" value={duration(run.latency_ms)} />
      </dl>
      <Arithmetic id={run.id} />
      <div className="flex justify-end gap-2 border-t px-5 py-3">
        <Button asChild>
          <Link to="/runs/$id" params={{ id: run.id }}>
            See this call
          </Link>
        </Button>
        <Button asChild variant="primary">
          <Link to="/">Open the dashboard</Link>
        </Button>
      </div>
    </div>
  );
}

function headline(ok: boolean, earlier: boolean): string {
  if (earlier) return ok ? "Your latest call" : "Your latest call failed";
  return ok ? "Your first call arrived" : "Your first call arrived, but it failed";
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="text-faint text-xs">{name}</dt>
      <dd className="num font-medium text-base">{value}</dd>
    </div>
  );
}

function Failure({ run }: { run: Run }) {
  const status = run.http_status === null ? "no answer" : `status ${run.http_status}`;
  const advice =
    run.http_status === 401 || run.http_status === 403
      ? "Check the provider's key in Settings, Providers."
      : "Quotah passed it on unchanged; the call's page has the details.";
  return (
    <p className="border-t bg-critical-soft px-5 py-2.5 text-sm">
      {providerName(run.provider)} answered with {status}
      {run.error_class ? ` (${run.error_class})` : ""}. {advice}
    </p>
  );
}

/** How the cost came about, line by line. */
function Arithmetic({ id }: { id: string }) {
  const detail = useQuery(runQuery(id));
  if (detail.isPending) {
    return (
      <div className="flex flex-col gap-2 border-t px-5 py-3" aria-busy>
        <Skeleton className="h-3.5 w-72" />
        <Skeleton className="h-3.5 w-64" />
      </div>
    );
  }
  if (detail.isError) {
    return (
      <p className="border-t px-5 py-3 text-muted text-sm">
        The arithmetic could not be loaded.{" "}
        <button
          type="button"
          className="text-accent-text underline underline-offset-2"
          onClick={() => void detail.refetch()}
        >
          Try again
        </button>
      </p>
    );
  }
  const { line_items, cost_usd, cost_status, cost_reason } = detail.data;
  if (cost_usd === null || line_items.length === 0) {
    return (
      <p className="border-t px-5 py-3 text-muted text-sm">
        {explanationOf(cost_status, cost_reason)}
      </p>
    );
  }
  return (
    <ul className="border-t px-5 py-3 font-mono text-[12.5px] leading-5">
      {line_items.map((item) => (
        <li key={item.unit}>{lineText(item)}</li>
      ))}
      <li className="mt-1 border-t pt-1 font-medium">= {moneyExact(cost_usd)}</li>
    </ul>
  );
}
