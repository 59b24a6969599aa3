/** Quotah's own keys. The secret is in the answer to its creation and nowhere else. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";

export type ApiKey = components["schemas"]["KeyOut"];
export type MadeKey = components["schemas"]["KeyCreated"];
export type NewKey = components["schemas"]["KeyIn"];
export type KeyChanges = components["schemas"]["KeyPatch"];
export type KeyKind = ApiKey["kind"];
/** What a gateway key may do; empty lists: everything. */
export type KeyRules = Pick<
  ApiKey,
  | "models"
  | "mounts"
  | "requests_per_minute"
  | "tokens_per_minute"
  | "byok"
  | "environment"
  | "defaults"
>;

export function keysQuery() {
  return queryOptions({
    queryKey: scoped("keys"),
    queryFn: ({ signal }) => call("GET", "/keys", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function makeKey(key: NewKey): Promise<MadeKey> {
  return call("POST", "/keys", { body: key });
}

export function changeKey(id: string, changes: KeyChanges): Promise<ApiKey> {
  return call("PATCH", `/keys/${encodeURIComponent(id)}`, { body: changes });
}

export function revokeKey(id: string): Promise<void> {
  return call("DELETE", `/keys/${encodeURIComponent(id)}`);
}
