/** One thing that is drawn: a model, a metric. */
export type Series = { key: string; label: string; color: string };
/** One bucket: its start and end (epoch ms) and a value for each series, null where there is none. */
export type Point = { at: number; end: number; values: Record<string, number | null> };
export type ChartKind = "bars" | "area" | "lines";

/** The highest point that the chart must hold: of the stack, or of the single lines. */
export function topOf(points: readonly Point[], keys: readonly string[], stacked: boolean): number {
  let top = 0;
  for (const { values } of points) {
    let sum = 0;
    for (const key of keys) {
      const value = values[key] ?? 0;
      sum = stacked ? sum + value : Math.max(sum, value);
    }
    top = Math.max(top, sum);
  }
  return top;
}

export type Share = { series: Series; value: number; share: number | null };

/** The values of one bucket, largest first, each with its share of the sum. Zeros are left out. */
export function rank(point: Point, series: readonly Series[], stacked: boolean): Share[] {
  const rows = series.flatMap((each) => {
    const value = point.values[each.key];
    return value === null || value === undefined || (stacked && value === 0)
      ? []
      : [{ series: each, value }];
  });
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return rows
    .sort((a, b) => b.value - a.value)
    .map((row) => ({ ...row, share: stacked && total > 0 ? row.value / total : null }));
}
