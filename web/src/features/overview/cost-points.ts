/** From the answer "cost by model over time" to what a chart draws. */

import { type Answer, bucketsOf, OTHER, type Row, records, TIME } from "@/api/table";
import { colorOf, OTHER_COLOR } from "@/charts/palette";
import type { Point, Series } from "@/charts/series";
import { toNumber } from "@/lib/number";

export type CostChart = { series: Series[]; points: Point[] };

/** Series from the largest sum to the smallest, the rest of the models last and grey. */
export function costChart(answer: Answer): CostChart {
  const sums = new Map<string, number>();
  const series = new Map<string, Series>();
  const byStart = new Map<number, Record<string, number | null>>();
  for (const row of records(answer)) {
    const cost = toNumber(row.cost);
    if (!cost) continue;
    const each = seriesOf(row);
    series.set(each.key, each);
    sums.set(each.key, (sums.get(each.key) ?? 0) + cost);
    const start = new Date(String(row[TIME])).getTime();
    byStart.set(start, { ...byStart.get(start), [each.key]: cost });
  }
  const size = ({ key }: Series) => (key === OTHER ? -1 : (sums.get(key) ?? 0));
  return {
    series: [...series.values()].sort((a, b) => size(b) - size(a)),
    points: bucketsOf(answer).map((bucket) => ({
      ...bucket,
      values: byStart.get(bucket.at) ?? {},
    })),
  };
}

function seriesOf({ provider, model }: Row): Series {
  if (model === OTHER) return { key: OTHER, label: "Other models", color: OTHER_COLOR };
  const name = model === null || model === undefined ? null : String(model);
  return {
    key: `${provider}/${name}`,
    label: name ?? "Unknown model",
    color: colorOf(provider === null ? null : String(provider), name),
  };
}
