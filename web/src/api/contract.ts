/** The shapes that travel between the API and this app, by their names here. */

import type { components } from "@/api/__generated__/schema";
import type { Period } from "@/lib/period";

type Schemas = components["schemas"];

export type Instance = Schemas["InstanceOut"];
export type Me = Schemas["Me"];
export type Workspace = Schemas["WorkspaceOut"];
export type Role = Workspace["role"];

export type Run = Schemas["RunOut"];
export type RunStatus = Run["status"];
export type CostStatus = Run["cost_status"];
export type RunDetail = Schemas["RunDetail"];
export type LineItem = Schemas["LineItemOut"];

/** A question of this app: it always says which period, in which zone. */
export type Query = Schemas["QueryIn"] & { period: Period; timezone: string };
export type Table = Schemas["TableOut"];
export type QueryCell = Table["rows"][number][number];
export type MetricField = Schemas["MetricOut"];
