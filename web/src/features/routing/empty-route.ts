import type { RouteIn } from "@/api/routing-types";

export const DEFAULT_STATUSES = [408, 409, 429, 500, 502, 503, 504, 529];

/** A route that changes nothing: every call goes once to what it asked for. */
export const EMPTY_ROUTE: RouteIn = {
  name: "",
  enabled: true,
  match: {
    mounts: [],
    models: [],
    operations: [],
    projects: [],
    keys: [],
    features: [],
    environments: [],
  },
  strategy: "ordered",
  targets: [],
  retry: {
    tries: 1,
    statuses: DEFAULT_STATUSES,
    connection: true,
    lost: false,
    backoff_ms: 500,
    max_backoff_ms: 8_000,
    max_wait_ms: 20_000,
  },
  timeouts: { connect_ms: null, first_byte_ms: null, idle_ms: null },
  disconnect: "drain",
  cache: null,
  refuse_when_open: false,
};
