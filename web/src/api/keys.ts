/** Quotah's own keys. The secret is in the answer to its creation and nowhere else. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";
import { callUpcoming } from "@/api/upcoming";

export type KeyKind = components["schemas"]["KeyOut"]["kind"];
/** Attribution of calls that say nothing themselves. */
export type KeyDefaults = {
  user: string | null;
  team: string | null;
  session: string | null;
  feature: string | null;
  prompt: string | null;
  tags: Record<string, string>;
};
/** What a gateway key may do; empty lists: everything. */
export type KeyRules = {
  models: string[];
  mounts: string[];
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  byok: boolean;
  environment: string | null;
  defaults: KeyDefaults;
};
export type ApiKey = components["schemas"]["KeyOut"] & KeyRules;
export type MadeKey = ApiKey & { key: string };
export type NewKey = components["schemas"]["KeyIn"] & Partial<KeyRules>;
export type KeyChanges = Partial<KeyRules> & { name?: string; expires_at?: string | null };

export function keysQuery() {
  return queryOptions({
    queryKey: scoped("keys"),
    queryFn: ({ signal }) => callUpcoming<{ items: ApiKey[] }>("GET", "/keys", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function makeKey(key: NewKey): Promise<MadeKey> {
  return callUpcoming("POST", "/keys", { body: key });
}

export function changeKey(id: string, changes: KeyChanges): Promise<ApiKey> {
  return callUpcoming("PATCH", `/keys/${encodeURIComponent(id)}`, { body: changes });
}

export function revokeKey(id: string): Promise<void> {
  return call("DELETE", `/keys/${encodeURIComponent(id)}`);
}
