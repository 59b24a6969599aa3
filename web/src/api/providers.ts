/** Connections to LLM providers. Keys go in and never come out. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";

export type Provider = components["schemas"]["CredentialOut"];
export type ProviderStatus = Provider["status"];
export type NewProvider = components["schemas"]["CredentialIn"];
export type ProviderChanges = components["schemas"]["CredentialPatch"];
/** A vendor that can be connected, and what it asks for. */
export type ProviderKind = components["schemas"]["KindOut"];

export function providersQuery() {
  return queryOptions({
    queryKey: scoped("providers"),
    queryFn: ({ signal }) => call("GET", "/providers", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function addProvider(provider: NewProvider): Promise<Provider> {
  return call("POST", "/providers", { body: provider });
}

export function changeProvider(id: string, changes: ProviderChanges): Promise<Provider> {
  return call("PATCH", `/providers/${encodeURIComponent(id)}`, { body: changes });
}

/** The vendors that can be connected. */
export function kindsQuery() {
  return queryOptions({
    queryKey: ["provider-kinds"],
    queryFn: ({ signal }) => call("GET", "/providers/kinds", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The built-in mock stands in for the large vendors. */
export function addMock(): Promise<{ items: Provider[] }> {
  return call("POST", "/providers/mock");
}

export function deleteProvider(id: string): Promise<void> {
  return call("DELETE", `/providers/${encodeURIComponent(id)}`);
}
