import { useQuery } from "@tanstack/react-query";
import { useCredentialNames, useRouteNames } from "@/api/names";
import { tableQuery } from "@/api/queries";
import { records } from "@/api/table";
import { FIXED_VALUES, type FilterName, type RunsSearch } from "@/features/runs/filters";
import { toNumber } from "@/lib/number";
import { toPeriod } from "@/lib/period";

export type FilterValue = {
  value: string;
  /** The value as people know it: a name in place of an id. */
  label: string;
  runs: number | null;
  chosen: boolean;
};
export type FilterValues = { values: FilterValue[]; note: string | null };

/** The values of a filter that occur in the period, the most frequent first. */
export function useFilterValues(name: FilterName, search: RunsSearch, zone: string): FilterValues {
  const answer = useQuery(
    tableQuery({
      metrics: ["requests"],
      dimensions: [name],
      period: toPeriod(search),
      timezone: zone,
      order: [{ field: "requests", desc: true }],
      limit: 100,
      totals: false,
    }),
  );
  const labelOf = useFilterLabel(name);
  const rows = answer.data ? records(answer.data) : [];
  const runs = new Map(rows.map((row) => [row[name], toNumber(row.requests)]));
  const found = [...runs.keys()].filter((value) => typeof value === "string");
  const chosen = search[name] ?? [];
  const values = [...new Set([...(FIXED_VALUES[name] ?? found), ...chosen])].map((value) => ({
    value,
    label: labelOf(value),
    runs: runs.get(value) ?? null,
    chosen: chosen.includes(value),
  }));
  if (values.length > 0) return { values, note: null };
  if (answer.isPending) return { values, note: "Loading…" };
  return { values, note: answer.isError ? "Could not be loaded" : "None in this period" };
}

/** The words for a value of a filter. */
export function useFilterLabel(name: FilterName): (value: string) => string {
  const routeName = useRouteNames(name === "route");
  const credentialName = useCredentialNames(name === "credential");
  if (name === "route") return routeName;
  if (name === "credential") return credentialName;
  return (value) => value;
}
