import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, SearchX } from "lucide-react";
import type { RunDetail } from "@/api/contract";
import { useWorkspace } from "@/api/member";
import { useRouteNames } from "@/api/names";
import { runQuery } from "@/api/queries";
import { colorOf } from "@/charts/palette";
import { AttemptsSection } from "@/features/runs/attempts-section";
import { CostSection } from "@/features/runs/cost-section";
import { AttributionFacts, IdentityFacts, UsageFacts } from "@/features/runs/facts";
import { TimingSection } from "@/features/runs/timing-section";
import { money } from "@/lib/format";
import { isProblem } from "@/lib/problem";
import { providerName } from "@/lib/provider-names";
import { Badge } from "@/ui/badge";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { Skeleton } from "@/ui/skeleton";
import { StatusBadge } from "@/ui/status-badge";
import { TimeText } from "@/ui/time-text";
import { Tooltip } from "@/ui/tooltip";

const route = getRouteApi("/session/shell/runs/$id");

/** One call in full: what it cost and why, where its time went, whose it was. */
export function RunPage() {
  const { id } = route.useParams();
  const { timezone: zone } = useWorkspace();
  const answer = useQuery(runQuery(id));
  return (
    <>
      <Link
        to="/runs"
        className="mb-3 inline-flex items-center gap-1 rounded-sm text-muted text-sm hover:text-ink"
      >
        <ChevronLeft className="size-4" aria-hidden />
        Runs
      </Link>
      {answer.data ? (
        <RunView run={answer.data} zone={zone} />
      ) : isProblem(answer.error, "not_found") ? (
        <EmptyState
          className="min-h-80"
          icon={SearchX}
          title="There is no such run in this workspace"
          actions={
            <Button asChild>
              <Link to="/runs">Show all runs</Link>
            </Button>
          }
        >
          The link may belong to another workspace: change it at the top left and open the link
          again.
        </EmptyState>
      ) : answer.isError ? (
        <ErrorState
          className="min-h-80"
          affected="The run could not be loaded"
          error={answer.error}
          onRetry={() => void answer.refetch()}
          retrying={answer.isFetching}
        />
      ) : (
        <RunSkeleton />
      )}
    </>
  );
}

function RunView({ run, zone }: { run: RunDetail; zone: string }) {
  return (
    <>
      <RunHeader run={run} zone={zone} />
      <div className="grid gap-4 lg:grid-cols-3">
        <div className="flex min-w-0 flex-col gap-4 lg:col-span-2">
          {run.status !== "success" && <Failure run={run} />}
          <CostSection run={run} />
          <TimingSection run={run} zone={zone} />
          <AttemptsSection run={run} zone={zone} />
          <Card>
            <CardHeader
              title="Usage as the provider reported it"
              description={run.raw_usage && usageWords(run)}
            />
            <CardBody>
              {run.raw_usage === null || run.raw_usage === undefined ? (
                <p className="text-muted text-sm">The provider reported no usage.</p>
              ) : (
                <CodeBlock code={JSON.stringify(run.raw_usage, null, 2)} />
              )}
            </CardBody>
          </Card>
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <UsageFacts run={run} />
          <AttributionFacts run={run} />
          <IdentityFacts run={run} />
        </div>
      </div>
    </>
  );
}

function RunHeader({ run, zone }: { run: RunDetail; zone: string }) {
  const { model, model_requested } = run;
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xl">
          <ModelName
            model={model}
            color={colorOf(run.provider, model)}
            className="[&>i]:size-2.5 [&>span]:font-semibold"
          />
          <StatusBadge
            status={run.status}
            detail={run.http_status ? String(run.http_status) : ""}
          />
        </h1>
        <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-muted text-sm">
          <span>{providerName(run.provider)}</span>
          <Dot />
          <span>{run.operation}</span>
          <Dot />
          <TimeText value={run.started_at} zone={zone} />
          {model_requested && model_requested !== model && (
            <>
              <Dot />
              <span>
                asked for <span className="id">{model_requested}</span>
              </span>
            </>
          )}
          {run.from_cache && <CacheBadge run={run} />}
          {run.route_id && <RouteBadge id={run.route_id} />}
          {run.streaming && <Badge>streamed</Badge>}
          <Badge>via {run.door}</Badge>
          {run.finish_reason && <Badge>finished: {run.finish_reason}</Badge>}
        </p>
      </div>
      <div className="text-right max-sm:text-left">
        <p className="num font-medium text-2xl">
          <Money value={run.cost_usd} of={{ kind: "run", id: run.id }} />
        </p>
        {run.attempt_list.length > 1 && (
          <p className="text-faint text-xs">over {run.attempt_list.length} attempts</p>
        )}
      </div>
    </header>
  );
}

function usageWords({ from_cache }: RunDetail): string {
  return from_cache
    ? "When the answer was given first. This time nothing was counted."
    : "The counts above are read from this.";
}

/** No provider was asked, and what that was worth. */
function CacheBadge({ run }: { run: RunDetail }) {
  return (
    <Tooltip content="The gateway answered from memory. No provider was asked, so it cost nothing.">
      <Badge tone="good" className="num">
        {run.saved_usd === null ? "from cache" : `from cache, saved ${money(run.saved_usd)}`}
      </Badge>
    </Tooltip>
  );
}

/** The route that was followed, by its name of now. */
function RouteBadge({ id }: { id: string }) {
  const nameOf = useRouteNames();
  return (
    <Link
      to="/settings/routes/$id"
      params={{ id }}
      title="The route that was followed"
      className="min-w-0 rounded-sm hover:underline"
    >
      <Badge tone="accent" className="max-w-64">
        <span className="truncate">route: {nameOf(id)}</span>
      </Badge>
    </Link>
  );
}

function Dot() {
  return (
    <span aria-hidden className="text-faint">
      ·
    </span>
  );
}

function Failure({ run }: { run: RunDetail }) {
  const what = [run.http_status && `status ${run.http_status}`, run.error_class]
    .filter(Boolean)
    .join(", ");
  const words = {
    success: "",
    error: `The provider refused or failed the call${what ? `: ${what}` : ""}.`,
    cancelled: "The caller hung up before the answer was complete.",
    interrupted: "Quotah was stopped while the call was under way. What it cost is an estimate.",
  };
  return (
    <Banner tone={run.status === "error" ? "critical" : "warning"}>{words[run.status]}</Banner>
  );
}

function RunSkeleton() {
  return (
    <div aria-busy>
      <Skeleton className="h-7 w-64" />
      <Skeleton className="mt-2 h-4 w-80" />
      <div className="mt-6 grid gap-4 lg:grid-cols-3">
        <div className="flex flex-col gap-4 lg:col-span-2">
          <Skeleton className="h-52 rounded-lg" />
          <Skeleton className="h-32 rounded-lg" />
        </div>
        <div className="flex flex-col gap-4">
          <Skeleton className="h-40 rounded-lg" />
          <Skeleton className="h-52 rounded-lg" />
        </div>
      </div>
    </div>
  );
}
