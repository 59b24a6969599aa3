/** Connections to LLM providers. Keys go in and never come out. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";
import type { Breaker } from "@/api/routing-types";
import { callUpcoming } from "@/api/upcoming";

export type Provider = Omit<components["schemas"]["CredentialOut"], "status"> & {
  mount: string;
  weight: number;
  enabled: boolean;
  allow_private: boolean;
  settings: Record<string, string>;
  status: ProviderStatus;
  breaker: Breaker;
  open_until: string | null;
  last_error_at: string | null;
};
export type ProviderStatus = "never_used" | "healthy" | "invalid" | "rate_limited" | "failing";
export type NewProvider = {
  provider: string;
  api_key?: string;
  name?: string;
  mount?: string;
  weight?: number;
  base_url?: string;
  settings?: Record<string, string>;
  allow_private?: boolean;
};
export type ProviderChanges = {
  name?: string;
  weight?: number;
  enabled?: boolean;
  settings?: Record<string, string>;
  api_key?: string;
  base_url?: string;
};
/** A vendor that can be connected, and what it asks for. */
export type ProviderKind = {
  provider: string;
  label: string;
  base_url: string;
  dialect: string;
  keyless: boolean;
  settings: { name: string; label: string; default: string | null; required: boolean }[];
};

export function providersQuery() {
  return queryOptions({
    queryKey: scoped("providers"),
    queryFn: ({ signal }) => callUpcoming<{ items: Provider[] }>("GET", "/providers", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function addProvider(provider: NewProvider): Promise<Provider> {
  return callUpcoming("POST", "/providers", { body: provider });
}

export function changeProvider(id: string, changes: ProviderChanges): Promise<Provider> {
  return callUpcoming("PATCH", `/providers/${encodeURIComponent(id)}`, { body: changes });
}

/** The vendors that can be connected. */
export function kindsQuery() {
  return queryOptions({
    queryKey: ["provider-kinds"],
    queryFn: ({ signal }) =>
      callUpcoming<{ items: ProviderKind[] }>("GET", "/providers/kinds", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The built-in mock stands in for the large vendors. */
export function addMock(): Promise<{ items: Provider[] }> {
  return callUpcoming("POST", "/providers/mock");
}

export function deleteProvider(id: string): Promise<void> {
  return call("DELETE", `/providers/${encodeURIComponent(id)}`);
}
