/** Reading the answer of `POST /query`. */

import type { Query, QueryCell, Table } from "@/api/contract";
import { nextBucket } from "@/lib/buckets";
import type { MoneySource, SourceFilter } from "@/lib/money-source";

/** A table together with the question: while a new answer is under way the old one still shows. */
export type Answer = Table & { asked: Query };
export type Row = Record<string, QueryCell>;

/** Rows as objects by column name. */
export function records(table: Table): Row[] {
  return table.rows.map((cells) =>
    Object.fromEntries(table.columns.map((column, index) => [column.name, cells[index] ?? null])),
  );
}

/** Name of the column that holds the bucket starts. */
export const TIME = "time";
/** Stands in every dimension of the row that sums up the groups beyond the limit. */
export const OTHER = "__other__";

export type Bucket = { at: number; end: number };

/** The buckets of an answer in order (epoch ms); the server names every one, empty or not. */
export function bucketsOf(answer: Answer): Bucket[] {
  const { grain, timezone } = answer.asked;
  const index = answer.columns.findIndex(({ name }) => name === TIME);
  if (!grain || index < 0) return [];
  const starts = [...new Set(answer.rows.map((cells) => String(cells[index])))]
    .map((text) => new Date(text).getTime())
    .sort((a, b) => a - b);
  return starts.map((at, place) => ({
    at,
    end: starts[place + 1] ?? nextBucket(at, grain, timezone),
  }));
}

/** Name of a metric's value in the compared period. */
export function previousOf(metric: string): string {
  return `${metric}__previous`;
}

/** What a sum of an answer is made of: its very period, so that a later look finds the same calls. */
export function sourceOf(answer: Answer, filters: readonly SourceFilter[] = []): MoneySource {
  return { kind: "sum", span: answer.period, zone: answer.asked.timezone, filters };
}
