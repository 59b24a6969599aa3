import type { CostStatus, LineItem, Run, RunStatus } from "@/api/contract";

/** One try at the provider; a run has one or more. */
export type Attempt = {
  event_id: string;
  attempt: number;
  started_at: string;
  ended_at: string | null;
  status: RunStatus;
  http_status: number | null;
  error_class: string | null;
  cost_usd: string | null;
  latency_ms: number | null;
  ttft_ms: number | null;
};

export type RunDetail = Run & {
  attempt_list?: Attempt[];
  line_items: LineItem[];
  price_version: string | null;
  cost_reason: string | null;
  raw_usage: unknown;
  cost_status: CostStatus;
  request_id: string | null;
};
