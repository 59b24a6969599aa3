/** The arithmetic of a summed cost: for each kind of token, quantity × effective rate = cost. */

import { decimal, over, textOf, times, whole } from "@/lib/decimal";
import type { Cell } from "@/lib/format";
import { toNumber } from "@/lib/number";

export type CostKind = {
  key: "input" | "cache_read" | "cache_write" | "output" | "other";
  label: string;
  /** Tokens; null where the cost is not one of tokens. */
  quantity: number | null;
  /** Decimal dollars. */
  cost: string;
  /** Decimal dollars per million; null without tokens. */
  rate: string | null;
  /** Every token of the sum may well have had this rate; otherwise it is an average. */
  single: boolean;
};

type Row = Record<string, Cell>;

/** What a query must ask for. */
export const KIND_METRICS = [
  "cost",
  "cost_input",
  "cost_cache_read",
  "cost_cache_write",
  "cost_output",
  "cost_other",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
] as const;

/** Rates are published in millionths of a dollar per million at the finest. */
const RATE_PLACES = 6;
const MILLION = whole(1_000_000);

/** Kinds that cost something or hold tokens, in the order of a bill. */
export function kindsOf(row: Row): CostKind[] {
  const read = toNumber(row.cache_read_tokens) ?? 0;
  const written = toNumber(row.cache_write_tokens) ?? 0;
  const sent = toNumber(row.input_tokens) ?? 0;
  const cached = read + written > 0;
  const plain = Math.max(0, sent - read - written);
  const kinds = [
    kind("input", cached ? "uncached input tokens" : "input tokens", plain, row.cost_input),
    kind("cache_read", "cached input tokens", read, row.cost_cache_read),
    kind("cache_write", "tokens written to a cache", written, row.cost_cache_write),
    kind("output", "output tokens", toNumber(row.output_tokens) ?? 0, row.cost_output),
    kind("other", "tools, images, named costs", null, row.cost_other),
  ];
  return kinds.filter((each) => each !== null);
}

function kind(
  key: CostKind["key"],
  label: string,
  quantity: number | null,
  cell: Cell,
): CostKind | null {
  const cost = typeof cell === "string" ? decimal(cell) : null;
  if (!cost || (cost.digits === 0n && !quantity)) return null;
  const told = { key, label, quantity: quantity || null, cost: textOf(cost) };
  const rate = quantity ? over(times(cost, MILLION), whole(quantity), RATE_PLACES) : null;
  if (!rate) return { ...told, rate: null, single: false };
  return { ...told, rate: textOf(rate.value), single: rate.exact };
}
