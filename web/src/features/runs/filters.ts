/** The filters of the run list: their home is the URL, and the API, the chips and the live rows agree. */

import type { Run } from "@/api/contract";
import type { RunFilters } from "@/api/queries";
import { lengthOf, type Period, type PeriodSearch, toPeriod } from "@/lib/period";

export const FILTERS = [
  "model",
  "status",
  "feature",
  "cost_status",
  "route",
  "credential",
] as const;
export type FilterName = (typeof FILTERS)[number];
export type RunsSearch = PeriodSearch & Partial<Record<FilterName, string[]>>;

export type FilterProps = {
  search: RunsSearch;
  zone: string;
  onChange: (change: Partial<Record<FilterName, string[] | undefined>>) => void;
};

export const FILTER_LABELS: Record<FilterName, string> = {
  model: "Model",
  status: "Status",
  feature: "Feature",
  cost_status: "Cost",
  route: "Route",
  credential: "Provider key",
};

/** Values that are known beforehand; the others are asked for. */
export const FIXED_VALUES: Partial<Record<FilterName, readonly string[]>> = {
  status: ["success", "error", "cancelled", "interrupted"],
  cost_status: ["reported", "computed", "estimated", "unpriced"],
};

/** Query parameters of `GET /runs`. A rolling period has no end, so that new runs stay in it. */
export function toParams(search: RunsSearch, now: number): RunFilters {
  const { from, to } = bounds(toPeriod(search), now);
  const { model, status, feature, cost_status, route, credential } = search;
  return { from, to, model, status, feature, cost_status, route, credential };
}

/** To the minute: the same question asked again within it is answered from memory. */
function bounds(period: Period, now: number): { from: string; to: string | undefined } {
  if ("from" in period) return period;
  const start = Math.floor((now - lengthOf(period)) / 60_000) * 60_000;
  return { from: new Date(start).toISOString(), to: undefined };
}

/** Whether a run that just came in belongs in the list. */
export function matches(run: Run, search: RunsSearch): boolean {
  const period = toPeriod(search);
  if ("from" in period) {
    const at = new Date(run.started_at);
    if (at < new Date(period.from) || at >= new Date(period.to)) return false;
  }
  const values: Record<FilterName, string | null> = {
    model: run.model,
    status: run.status,
    feature: run.attribution.feature,
    cost_status: run.cost_status,
    route: run.route_id,
    credential: run.credential_id,
  };
  return FILTERS.every((name) => {
    const wanted = search[name];
    return !wanted || wanted.includes(values[name] ?? "");
  });
}

/** The list with a value put in or taken out; undefined when nothing is left. */
export function toggle(values: readonly string[] | undefined, value: string): string[] | undefined {
  const list = values ?? [];
  const next = list.includes(value) ? list.filter((each) => each !== value) : [...list, value];
  return next.length > 0 ? next : undefined;
}
