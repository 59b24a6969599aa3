/** Routes and what is known of gateways and limits, as the API tells them. */

export const STRATEGIES = ["ordered", "weighted", "lowest_latency", "lowest_cost"] as const;
export type Strategy = (typeof STRATEGIES)[number];
export type Disconnect = "drain" | "abort";

export type RouteMatch = {
  mounts: string[];
  models: string[];
  operations: string[];
  projects: string[];
  keys: string[];
  features: string[];
  environments: string[];
};
export type RouteTarget = { mount: string | null; model: string | null; weight: number };
export type RouteRetry = {
  tries: number;
  statuses: number[];
  connection: boolean;
  lost: boolean;
  backoff_ms: number;
  max_backoff_ms: number;
  max_wait_ms: number;
};
export type RouteTimeouts = {
  connect_ms: number | null;
  first_byte_ms: number | null;
  idle_ms: number | null;
};
export type RouteCache = { ttl_s: number; max_bytes: number };

/** What a route does, without its name in the database. */
export type RouteIn = {
  name: string;
  enabled: boolean;
  match: RouteMatch;
  strategy: Strategy;
  targets: RouteTarget[];
  retry: RouteRetry;
  timeouts: RouteTimeouts;
  disconnect: Disconnect;
  cache: RouteCache | null;
  refuse_when_open: boolean;
};
export type Route = RouteIn & {
  id: string;
  position: number;
  created_at: string;
  updated_at: string;
};

/** A request that is thought, not sent. */
export type Asked = {
  mount: string;
  model: string | null;
  operation?: string;
  project_id?: string;
  key_id?: string | null;
  feature?: string | null;
  environment?: string | null;
  streaming?: boolean;
};
export type Breaker = "closed" | "open" | "half_open";
export type DryTarget = {
  mount: string;
  provider: string | null;
  model: string | null;
  /** 0 to 1: the chance to be first. */
  share: number;
  open: boolean;
  latency_ms: number | null;
  cost_usd: string | null;
  credentials: { id: string; name: string; hint: string; weight: number; breaker: Breaker }[];
  problem: string | null;
};
export type DryRun = {
  route: { id: string; name: string } | null;
  targets: DryTarget[];
  retry: RouteRetry;
  timeouts: RouteTimeouts;
  disconnect: Disconnect;
  cache: RouteCache | null;
  sentence: string;
};

export type Gateway = {
  gateway_id: string;
  seen_at: string;
  started_at: string;
  up: boolean;
  snapshot_version: number;
  in_flight: number;
  journal_depth: number;
  journal_failing: boolean;
  events_waiting: number;
  losses: Record<string, number>;
};

export type Limit = {
  credential_id: string;
  credential_name: string;
  mount: string;
  provider: string;
  model_group: string;
  dimension: string;
  limit: number | null;
  remaining: number | null;
  utilization: number | null;
  window_s: number | null;
  resets_at: string | null;
  status: string | null;
  source: "header" | "429_body" | "admin_api" | "estimate";
  observed_at: string;
};
