import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useMemo } from "react";
import { mergeRuns, useLiveList } from "@/api/live-list";
import { useWorkspace } from "@/api/member";
import { runsQuery } from "@/api/queries";
import { FilterBar } from "@/features/runs/filter-bar";
import { FILTERS, matches, toParams } from "@/features/runs/filters";
import { RunList } from "@/features/runs/run-list";
import { RunTable } from "@/features/runs/run-table";
import { UnpricedNote } from "@/features/runs/unpriced-note";
import { useMedia } from "@/lib/hooks";
import { type Period, toPeriod, toPeriodSearch } from "@/lib/period";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { DateRangePicker } from "@/ui/date-range-picker";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { LiveBadge } from "@/ui/live-badge";
import { LoadMore } from "@/ui/load-more";
import { PageHeader } from "@/ui/page-header";

const route = getRouteApi("/session/shell/runs");

/** Every call, newest first. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { timezone: zone } = useWorkspace();
  const phone = useMedia("(max-width: 767px)");
  const params = useMemo(() => toParams(search, Date.now()), [search]);
  const pages = useInfiniteQuery(runsQuery(params));
  const { arrived, fresh, state } = useLiveList();

  const stored = pages.data?.pages.flatMap(({ items }) => items);
  const live = arrived.filter((run) => matches(run, search));
  const runs = stored && mergeRuns(live, stored);
  const filtered = FILTERS.some((name) => search[name] !== undefined);
  const setPeriod = (next: Period) =>
    navigate({ search: (before) => ({ ...before, ...toPeriodSearch(next) }) });
  const Rows = phone ? RunList : RunTable;

  return (
    <>
      <PageHeader
        title="Runs"
        actions={
          <>
            <LiveBadge state={state} />
            <DateRangePicker value={toPeriod(search)} onChange={setPeriod} zone={zone} />
          </>
        }
      />
      <FilterBar
        search={search}
        zone={zone}
        onChange={(change) => navigate({ search: (before) => ({ ...before, ...change }) })}
      />
      <UnpricedNote search={search} />
      <Card className="overflow-hidden">
        {pages.isError && !runs ? (
          <ErrorState
            className="min-h-80"
            affected="The runs could not be loaded"
            error={pages.error}
            onRetry={() => void pages.refetch()}
            retrying={pages.isFetching}
          />
        ) : runs?.length === 0 ? (
          <EmptyState
            className="min-h-80"
            icon={SearchX}
            title={filtered ? "No run matches these filters" : "No runs in this period"}
            actions={
              <>
                {filtered && (
                  <Button onClick={() => navigate({ search: {} })}>Clear filters</Button>
                )}
                <Button onClick={() => setPeriod({ last: "90d" })}>Show the last 90 days</Button>
              </>
            }
          >
            New calls appear here by themselves, within two seconds.
          </EmptyState>
        ) : (
          <Rows runs={runs} fresh={fresh} zone={zone} />
        )}
      </Card>
      {runs && runs.length > 0 && (
        <LoadMore
          pages={pages}
          shown={runs.length}
          nouns={["run", "runs"]}
          end="no more in this period"
        />
      )}
    </>
  );
}
