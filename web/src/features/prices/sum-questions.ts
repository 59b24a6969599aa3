/** What the card behind a sum asks, for exactly the calls of the sum. */

import type { Query } from "@/api/contract";
import { KIND_METRICS } from "@/lib/cost-kinds";
import type { MoneySource } from "@/lib/money-source";
import type { Span } from "@/lib/period";

export type SumSource = Extract<MoneySource, { kind: "sum" }>;

const SHOWN_MODELS = 5;

function base({ span, zone, filters }: SumSource): Pick<Query, "period" | "timezone" | "filters"> {
  const told = filters.map(({ field, op, value }) => ({ field, op, value }));
  return { period: span, timezone: zone, filters: told };
}

export function byModel(source: SumSource): Query {
  return {
    ...base(source),
    metrics: [...KIND_METRICS, "unpriced_requests"],
    dimensions: ["provider", "model"],
    order: [{ field: "cost", desc: true }],
    limit: SHOWN_MODELS,
    other: true,
    totals: false,
  };
}

export function byOrigin(source: SumSource): Query {
  return {
    ...base(source),
    metrics: ["cost", "attempts"],
    dimensions: ["cost_status", "price_version"],
    order: [{ field: "cost", desc: true }],
    totals: false,
  };
}

type CallsSearch = Span & Partial<Record<"model" | "feature" | "status", string[]>>;
const LISTED = ["model", "feature", "status"] as const;

/** Where the list of runs shows these calls; null when it cannot be asked for just them. */
export function callsOf({ span, filters }: SumSource): CallsSearch | null {
  const search: CallsSearch = { from: span.from, to: span.to };
  for (const { field, op, value } of filters) {
    // A model belongs to its provider: the list of runs need not be asked for both.
    if (field === "provider" && op === "eq") continue;
    const name = LISTED.find((each) => each === field);
    if (!name || value === undefined) return null;
    search[name] = Array.isArray(value) ? value : [value];
  }
  return search;
}
