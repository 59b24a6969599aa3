/** Connections to LLM providers. Keys go in and never come out. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";
import { providerName } from "@/lib/provider-names";

export type Vendor = "openai" | "anthropic";
export type Provider = components["schemas"]["CredentialOut"];
export type ProviderStatus = Provider["status"];
export type NewProvider = components["schemas"]["CredentialIn"] & { provider: Vendor };

/** The vendors that can be connected, as people know them. */
export const VENDORS: readonly { value: Vendor; label: string; keyLooks: string; api: string }[] = [
  { value: "openai", label: "OpenAI", keyLooks: "sk-…", api: "https://api.openai.com/v1" },
  {
    value: "anthropic",
    label: "Anthropic",
    keyLooks: "sk-ant-…",
    api: "https://api.anthropic.com",
  },
];

export function vendorName(vendor: string): string {
  return VENDORS.find((each) => each.value === vendor)?.label ?? providerName(vendor);
}

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

/** The built-in mock stands in for both vendors. */
export function addMock(): Promise<{ items: Provider[] }> {
  return call("POST", "/providers/mock");
}

export function deleteProvider(id: string): Promise<void> {
  return call("DELETE", `/providers/${encodeURIComponent(id)}`);
}
