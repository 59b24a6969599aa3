/** Connections to LLM providers. Keys go in and never come out. */

import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Page } from "@/api/contract";
import { scoped } from "@/api/queries";

export type Vendor = "openai" | "anthropic";
export type ProviderStatus = "never_used" | "healthy" | "invalid" | "rate_limited";
export type Provider = {
  id: string;
  provider: Vendor;
  name: string;
  base_url: string;
  /** The last characters of the key. */
  hint: string;
  fingerprint: string;
  status: ProviderStatus;
  is_mock: boolean;
  created_at: string;
  last_used_at: string | null;
  last_error: string | null;
};
export type NewProvider = {
  provider: Vendor;
  api_key: string;
  base_url?: string;
  name?: string;
  allow_private?: boolean;
};

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
  return VENDORS.find((each) => each.value === vendor)?.label ?? vendor;
}

export function providersQuery() {
  return queryOptions({
    queryKey: scoped("providers"),
    queryFn: ({ signal }) => call<Page<Provider>>("GET", "/providers", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function addProvider(provider: NewProvider): Promise<Provider> {
  return call<Provider>("POST", "/providers", { body: provider });
}

/** The built-in mock stands in for both vendors. */
export function addMock(): Promise<{ items: Provider[] }> {
  return call<{ items: Provider[] }>("POST", "/providers/mock");
}

export function deleteProvider(id: string): Promise<void> {
  return call<void>("DELETE", `/providers/${encodeURIComponent(id)}`);
}
