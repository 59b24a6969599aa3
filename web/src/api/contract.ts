/** The shapes that travel between the API and this app, one name per noun. */

import type { Better } from "@/lib/delta";
import type { Unit } from "@/lib/format";
import type { Period, Span } from "@/lib/period";
import type { Grain } from "@/lib/time";

export type Instance = {
  version: string;
  setup_required: boolean;
  gateway_url: string;
  api_url: string;
  warnings: string[];
};

export type Project = { id: string; name: string };
export type Role = "owner" | "admin" | "member" | "viewer";
export type Workspace = {
  id: string;
  name: string;
  role: Role;
  timezone: string;
  is_sample: boolean;
  projects: Project[];
};
export type Me = {
  member: { id: string; email: string; name: string };
  csrf_token: string;
  workspaces: Workspace[];
};

export type Page<T> = { items: T[]; next_cursor: string | null };

export type CostStatus = "reported" | "computed" | "estimated" | "unpriced";
export type RunStatus = "success" | "error" | "cancelled" | "interrupted";

export type RunUsage = {
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_input_tokens: number | null;
  cache_write_input_tokens: number | null;
  reasoning_output_tokens: number | null;
  units: Record<string, number>;
};

export type Attribution = {
  project_id: string | null;
  environment: string | null;
  key_id: string | null;
  user: string | null;
  team: string | null;
  session: string | null;
  feature: string | null;
  prompt: string | null;
  prompt_version: string | null;
  tags: Record<string, string>;
};

export type Run = {
  id: string;
  event_id: string;
  started_at: string;
  ended_at: string | null;
  provider: string;
  model: string | null;
  model_requested: string | null;
  operation: string;
  status: RunStatus;
  http_status: number | null;
  error_class: string | null;
  finish_reason: string | null;
  streaming: boolean;
  door: string;
  cost_usd: string | null;
  cost_status: CostStatus;
  usage: RunUsage;
  latency_ms: number | null;
  ttft_ms: number | null;
  attempts: number;
  attribution: Attribution;
  rating: number | null;
  success: boolean | null;
};

export type LineItem = {
  unit: string;
  quantity: number;
  rate_usd: string;
  per: number;
  amount_usd: string;
  rule: string;
};

export type MetricField = {
  name: string;
  label: string;
  unit: Unit;
  description: string;
  formula: string;
  better: Better;
};
export type DimensionField = { name: string; label: string };
export type QueryFields = { metrics: MetricField[]; dimensions: DimensionField[] };

export type FilterOp =
  | "eq"
  | "ne"
  | "in"
  | "not_in"
  | "prefix"
  | "contains"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "is_null"
  | "not_null";
export type Filter = { field: string; op: FilterOp; value?: string | number | boolean | string[] };

export type Query = {
  metrics: string[];
  dimensions?: string[];
  filters?: Filter[];
  period: Period;
  timezone: string;
  compare?: "previous_period" | "previous_year" | null;
  grain?: Grain | null;
  order?: { field: string; desc: boolean }[];
  limit?: number;
  other?: boolean;
  totals?: boolean;
};

export type Column = {
  name: string;
  unit: Unit;
  kind: "metric" | "dimension" | "time" | "compare";
};
export type QueryCell = string | number | boolean | null;
export type Table = {
  columns: Column[];
  rows: QueryCell[][];
  totals?: Record<string, QueryCell> | null;
  period: Span;
  compare_period?: Span | null;
  truncated?: boolean;
};
