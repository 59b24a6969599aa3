/** What a dollar on a page is the sum of: enough to work its arithmetic out when asked. */

import type { Span } from "@/lib/period";

export type SourceFilter = {
  field: string;
  op: "eq" | "in" | "is_null";
  value?: string | string[];
};

/** A run, or all calls of a span that pass the filters. */
export type MoneySource =
  | { kind: "run"; id: string }
  | { kind: "sum"; span: Span; zone: string; filters: readonly SourceFilter[] };

/** The filters that leave exactly one model. */
export function modelFilters(provider: string | null, model: string | null): SourceFilter[] {
  return [one("provider", provider), one("model", model)];
}

function one(field: string, value: string | null): SourceFilter {
  return value === null ? { field, op: "is_null" } : { field, op: "eq", value };
}
