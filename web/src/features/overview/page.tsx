import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { mergeRuns, useLiveList } from "@/api/live-list";
import { useWorkspace } from "@/api/member";
import { fieldsQuery, runsQuery, tableQuery } from "@/api/queries";
import { type Answer, records } from "@/api/table";
import { Cards } from "@/features/overview/cards";
import { CostCard, type Saved } from "@/features/overview/cost-card";
import { FirstCall } from "@/features/overview/first-call";
import { LatestCard } from "@/features/overview/latest-card";
import { ModelsCard } from "@/features/overview/models-card";
import { costByModel, models, totals, trends } from "@/features/overview/questions";
import { UnpricedBanner } from "@/features/overview/unpriced-banner";
import { useNow } from "@/lib/hooks";
import { toNumber } from "@/lib/number";
import {
  grainFor,
  grainsFor,
  type Period,
  type Span,
  toPeriod,
  toPeriodSearch,
} from "@/lib/period";
import type { Grain } from "@/lib/time";
import { DateRangePicker } from "@/ui/date-range-picker";
import { PageHeader } from "@/ui/page-header";

const route = getRouteApi("/session/shell/");
/** As many as fill the card beside the chart. */
const LATEST = 8;

/** What calls cost and how they went, in ten seconds. */
export function OverviewPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { timezone: zone } = useWorkspace();
  const now = useNow();
  const period = toPeriod(search);
  const grain = pickGrain(period, search.grain);
  const frame = { period, zone, grain };

  const sums = useQuery(tableQuery(totals(frame)));
  const trend = useQuery(tableQuery(trends(frame)));
  const cost = useQuery(tableQuery(costByModel(frame)));
  const byModel = useQuery(tableQuery(models(frame)));
  const fields = useQuery(fieldsQuery());
  const recent = useInfiniteQuery(runsQuery({}, LATEST));
  const { arrived, fresh, state } = useLiveList();

  const stored = recent.data?.pages[0]?.items;
  const latest = stored && mergeRuns(arrived, stored).slice(0, LATEST);
  const setPeriod = (next: Period) =>
    navigate({ search: (before) => ({ ...before, ...toPeriodSearch(next), grain: undefined }) });
  const setGrain = (next: Grain) =>
    navigate({ search: (before) => ({ ...before, grain: next }), replace: true });
  const zoom = (span: Partial<Span>) =>
    navigate({ search: (before) => ({ ...before, ...span, grain: undefined }) });
  const leaveZoom = () => {
    if ("from" in period) void zoom({ from: undefined, to: undefined });
  };
  const picker = <DateRangePicker value={period} onChange={setPeriod} zone={zone} />;

  if (latest?.length === 0 && requestsOf(sums.data) === 0) {
    return (
      <>
        <PageHeader title="Overview" />
        <FirstCall live={state} />
      </>
    );
  }
  return (
    <>
      <PageHeader title="Overview" actions={picker} />
      <div className="flex flex-col gap-4">
        <UnpricedBanner answer={sums.data} period={period} />
        <Cards totals={sums} trends={trend} fields={fields.data?.metrics} now={now} />
        <div className="grid gap-4 xl:grid-cols-3">
          <CostCard
            className="min-w-0 xl:col-span-2"
            answer={cost}
            saved={savedOf(sums.data)}
            period={period}
            grain={grain}
            now={now}
            onGrain={setGrain}
            onPeriod={setPeriod}
            onZoom={zoom}
            onReset={leaveZoom}
          />
          <LatestCard
            className="min-w-0"
            runs={latest}
            fresh={fresh}
            live={state}
            error={recent.error}
            onRetry={() => void recent.refetch()}
            zone={zone}
          />
        </div>
        <ModelsCard answer={byModel} period={period} />
      </div>
    </>
  );
}

/** The grain asked for, where it makes sense for the period. */
function pickGrain(period: Period, asked: Grain | undefined): Grain {
  return asked && grainsFor(period).includes(asked) ? asked : grainFor(period);
}

/** What the gateway's cache was worth; null where it answered nothing. */
function savedOf(answer: Answer | undefined): Saved | null {
  const row = answer && records(answer)[0];
  const answers = toNumber(row?.cache_hits) ?? 0;
  return row && answers > 0 ? { usd: row.saved ?? null, answers } : null;
}

function requestsOf(answer: Answer | undefined): number | null {
  if (!answer) return null;
  return toNumber(records(answer)[0]?.requests) ?? 0;
}
