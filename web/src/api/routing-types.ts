/** Routes and what is known of gateways and limits, as the API tells them. */

import type { components } from "@/api/__generated__/schema";

type Schemas = components["schemas"];

export type Route = Schemas["RouteOut"];
export type RouteMatch = Route["match"];
export type RouteTarget = Route["targets"][number];
export type RouteRetry = Route["retry"];
export type RouteTimeouts = Route["timeouts"];
export type RouteCache = NonNullable<Route["cache"]>;
export type Strategy = Route["strategy"];
export type Disconnect = Route["disconnect"];
export const STRATEGIES = [
  "ordered",
  "weighted",
  "lowest_latency",
  "lowest_cost",
] as const satisfies readonly Strategy[];

/** What a route does, every field of it, without what the database adds. */
export type RouteIn = Omit<Route, "id" | "position" | "created_at" | "updated_at">;

/** A request that is thought, not sent. */
export type Asked = Schemas["AskedIn"];
export type DryRun = Schemas["DryRunOut"];
export type DryTarget = Schemas["DryTarget"];
export type Breaker = Schemas["CredentialOut"]["breaker"];

export type Gateway = Schemas["GatewayOut"];
export type Limit = Schemas["LimitOut"];
