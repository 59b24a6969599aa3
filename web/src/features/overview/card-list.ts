import type { Better } from "@/lib/delta";
import type { Unit } from "@/lib/format";

export type CardSpec = { metric: string; label: string; unit: Unit; better: Better };

/** The numbers on top of Overview, in reading order; the first stands out. */
export const CARDS: readonly CardSpec[] = [
  { metric: "cost", label: "Cost", unit: "usd", better: "lower" },
  { metric: "requests", label: "Requests", unit: "count", better: null },
  { metric: "success_rate", label: "Success rate", unit: "ratio", better: "higher" },
  { metric: "input_tokens", label: "Tokens in", unit: "tokens", better: null },
  { metric: "output_tokens", label: "Tokens out", unit: "tokens", better: null },
  { metric: "latency_p50", label: "Latency p50", unit: "ms", better: "lower" },
  { metric: "latency_p95", label: "Latency p95", unit: "ms", better: "lower" },
];
