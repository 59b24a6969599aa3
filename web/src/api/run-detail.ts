import type { CostStatus, LineItem, Run, RunStatus } from "@/api/contract";

/** One try at the provider; a run has one or more. */
export type Attempt = {
  event_id: string;
  attempt: number;
  final: boolean;
  started_at: string;
  ended_at: string | null;
  model: string | null;
  status: RunStatus;
  http_status: number | null;
  error_class: string | null;
  cost_usd: string | null;
  cost_status: CostStatus;
  latency_ms: number | null;
  ttft_ms: number | null;
};

/** A run in full. `line_items` explain the cost of its last attempt. */
export type RunDetail = Run & {
  attempt_list: Attempt[];
  line_items: LineItem[];
  price_version: string;
  cost_reason: string | null;
  raw_usage: Record<string, unknown> | null;
  usage_flags: string[];
  service_tier: string | null;
  region: string | null;
  request_id: string | null;
  trace_id: string | null;
  span_id: string | null;
  parent_span_id: string | null;
  provider_response_id: string | null;
  provider_request_id: string | null;
  comment: string | null;
};
