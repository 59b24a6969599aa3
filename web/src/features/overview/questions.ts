/** What Overview asks: four questions, sent side by side. */

import type { Query } from "@/api/contract";
import { CARDS } from "@/features/overview/card-list";
import type { Period } from "@/lib/period";
import type { Grain } from "@/lib/time";

export type Frame = { period: Period; zone: string; grain: Grain };

const METRICS = CARDS.map(({ metric }) => metric);
/** Models drawn on their own; the rest are one grey series. */
const DRAWN_MODELS = 8;

export function totals({ period, zone }: Frame): Query {
  return {
    metrics: [...METRICS, "unpriced_requests", "saved", "cache_hits"],
    period,
    timezone: zone,
    compare: "previous_period",
  };
}

export function trends({ period, zone, grain }: Frame): Query {
  return { metrics: METRICS, period, timezone: zone, grain, totals: false };
}

export function costByModel({ period, zone, grain }: Frame): Query {
  return {
    metrics: ["cost"],
    dimensions: ["provider", "model"],
    period,
    timezone: zone,
    grain,
    order: [{ field: "cost", desc: true }],
    limit: DRAWN_MODELS,
    other: true,
    totals: false,
  };
}

export function models({ period, zone }: Frame): Query {
  return {
    metrics: ["cost", "requests", "input_tokens", "output_tokens", "success_rate", "latency_p95"],
    dimensions: ["provider", "model"],
    period,
    timezone: zone,
    compare: "previous_period",
    order: [{ field: "cost", desc: true }],
    limit: 100,
    totals: false,
  };
}
