/** The price book, what a workspace sets against it, and pricing again. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useQueryClient,
} from "@tanstack/react-query";
import { call } from "@/api/client";
import type {
  ImportResult,
  OverrideIn,
  PreviewIn,
  Reprice,
  SavedOverride,
} from "@/api/price-types";
import { scoped } from "@/api/queries";
import type { BodyOf } from "@/api/routes";
import type { Span } from "@/lib/period";

const PAGE = 50;
/** Root of everything that a changed price changes. */
const prices = (...parts: unknown[]) => scoped("prices", ...parts);

/** Asks anew for all that shows prices or costs, after one of them was changed. */
export function usePricesChanged(): () => Promise<unknown> {
  const client = useQueryClient();
  return () => {
    const keys = [prices(), scoped("query"), scoped("runs"), scoped("run")];
    return Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
  };
}

export function bookQuery() {
  return queryOptions({
    queryKey: prices("book"),
    queryFn: ({ signal }) => call("GET", "/prices/book", { signal }),
    staleTime: 60_000,
  });
}

export function modelsQuery(search: string, provider: string | undefined) {
  return infiniteQueryOptions({
    queryKey: prices("models", search, provider ?? ""),
    queryFn: ({ signal, pageParam }) => {
      const query = { search, provider, limit: PAGE, cursor: pageParam || undefined };
      return call("GET", "/prices/models", { query, signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

export function modelQuery(provider: string, model: string) {
  const path = model.split("/").map(encodeURIComponent).join("/");
  return queryOptions({
    queryKey: prices("model", provider, model),
    queryFn: ({ signal }) =>
      call("GET", `/prices/models/${encodeURIComponent(provider)}/${path}`, { signal }),
    staleTime: 60_000,
  });
}

export function overridesQuery() {
  return queryOptions({
    queryKey: prices("overrides"),
    queryFn: ({ signal }) => call("GET", "/prices/overrides", { signal }),
  });
}

/** With an id: in place of that one. */
export function saveOverride(id: string | null, body: OverrideIn): Promise<SavedOverride> {
  if (id === null) return call("POST", "/prices/overrides", { body });
  return call("PUT", `/prices/overrides/${encodeURIComponent(id)}`, { body });
}

export function deleteOverride(id: string): Promise<void> {
  return call("DELETE", `/prices/overrides/${encodeURIComponent(id)}`);
}

export function exportOverrides() {
  return call("GET", "/prices/overrides/export");
}

/** A document of the export. What a file really holds is for the API to judge. */
export function importOverrides(document: unknown, dryRun: boolean): Promise<ImportResult> {
  const body = document as BodyOf<"/prices/overrides/import", "POST">;
  return call("POST", "/prices/overrides/import", { body, query: { dry_run: dryRun } });
}

export function trustQuery() {
  return queryOptions({
    queryKey: prices("trust"),
    queryFn: ({ signal }) => call("GET", "/prices/trust", { signal }),
  });
}

export function setTrust(provider: string, trusted: boolean) {
  return call("PUT", "/prices/trust", { body: { providers: [{ provider, trusted }] } });
}

export function unpricedQuery(span: { from: string; to?: string }) {
  return queryOptions({
    queryKey: prices("unpriced", span),
    queryFn: ({ signal }) => call("GET", "/prices/unpriced", { query: span, signal }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

export type RepriceScope = Span & { provider?: string; model?: string };

/** What pricing again would change; nothing is written. */
export function repriceQuery(scope: RepriceScope) {
  return queryOptions({
    queryKey: prices("reprice", scope),
    queryFn: ({ signal }) =>
      call("POST", "/prices/reprice", { body: { ...scope, dry_run: true }, signal }),
    staleTime: 0,
    gcTime: 0,
  });
}

export function applyReprice(scope: RepriceScope): Promise<Reprice> {
  return call("POST", "/prices/reprice", { body: { ...scope, dry_run: false } });
}

/** Past calls that were priced again, newest first. */
export function repricesQuery() {
  return queryOptions({
    queryKey: prices("reprices"),
    queryFn: ({ signal }) => call("GET", "/prices/reprices", { signal }),
  });
}

export function disagreementsQuery() {
  return queryOptions({
    queryKey: prices("disagreements"),
    queryFn: ({ signal }) => call("GET", "/prices/disagreements", { signal }),
    staleTime: 60_000,
  });
}

export function updatesQuery() {
  return queryOptions({
    queryKey: prices("updates"),
    queryFn: ({ signal }) => call("GET", "/prices/updates", { signal }),
  });
}

export function enableUpdates(enabled: boolean) {
  return call("PUT", "/prices/updates", { body: { enabled } });
}

export function checkUpdates() {
  return call("POST", "/prices/updates/check");
}

export function judgeUpdate(id: string, verdict: "accept" | "reject"): Promise<unknown> {
  const update = encodeURIComponent(id);
  return verdict === "accept"
    ? call("POST", `/prices/updates/${update}/accept`)
    : call("POST", `/prices/updates/${update}/reject`);
}

/** An example call under the prices that hold now. */
export function previewQuery(body: PreviewIn) {
  return queryOptions({
    queryKey: prices("preview", body),
    queryFn: ({ signal }) => call("POST", "/prices/preview", { body, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });
}
