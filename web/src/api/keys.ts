/** Quotah's own keys. The secret is in the answer to its creation and nowhere else. */

import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Page } from "@/api/contract";
import { scoped } from "@/api/queries";

export type KeyKind = "gateway" | "ingest" | "admin";
export type ApiKey = {
  id: string;
  name: string;
  kind: KeyKind;
  prefix: string;
  hint: string;
  project_id: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
};
export type MadeKey = ApiKey & { key: string };
export type NewKey = { name: string; kind: KeyKind; project_id?: string; expires_at?: string };

export function keysQuery() {
  return queryOptions({
    queryKey: scoped("keys"),
    queryFn: ({ signal }) => call<Page<ApiKey>>("GET", "/keys", { signal }),
    staleTime: 10_000,
    // "Last used" moves while people look.
    refetchInterval: 10_000,
  });
}

export function makeKey(key: NewKey): Promise<MadeKey> {
  return call<MadeKey>("POST", "/keys", { body: key });
}

export function revokeKey(id: string): Promise<void> {
  return call<void>("DELETE", `/keys/${encodeURIComponent(id)}`);
}
