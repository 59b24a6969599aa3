import type { LineItem, Run, RunStatus } from "@/api/contract";

/** One try at the provider; a run has one or more. */
export type Attempt = {
  event_id: string;
  attempt: number;
  started_at: string;
  status: RunStatus;
  http_status: number | null;
  error_class: string | null;
  cost_usd: string | null;
  latency_ms: number | null;
};

/** A run in full. `line_items` explain the cost of the attempt `event_id`, the final one. */
export type RunDetail = Omit<Run, "attempts"> & {
  attempts: Attempt[];
  line_items: LineItem[];
  price_version: string | null;
  cost_reason: string | null;
  raw_usage: unknown;
  request_id: string | null;
  trace_id?: string | null;
  provider_response_id?: string | null;
  provider_request_id?: string | null;
};
