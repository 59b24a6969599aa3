/** The price book, what a workspace sets against it, and pricing again. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import type {
  AppliedReprice,
  Disagreement,
  ImportResult,
  ModelPage,
  ModelPrices,
  Override,
  OverrideIn,
  Preview,
  PreviewIn,
  PriceBook,
  Reprice,
  RepriceIn,
  SavedOverride,
  Transfer,
  Trust,
  Unpriced,
  Updates,
} from "@/api/price-types";
import { scoped } from "@/api/queries";
import type { Span } from "@/lib/period";

type Options = { query?: object; body?: unknown; signal?: AbortSignal };
const ask = call as unknown as <T>(method: string, path: string, options?: Options) => Promise<T>;

const PAGE = 50;
/** Root of everything that a changed price changes. */
const prices = (...parts: unknown[]) => scoped("prices", ...parts);

/** What shows prices or costs; to be asked for anew after one of them was changed. */
export function pricedKeys(): unknown[][] {
  return [prices(), scoped("query"), scoped("runs"), scoped("run")];
}

export function bookQuery() {
  return queryOptions({
    queryKey: prices("book"),
    queryFn: ({ signal }) => ask<PriceBook>("GET", "/prices/book", { signal }),
    staleTime: 60_000,
  });
}

export function modelsQuery(search: string, provider: string | undefined) {
  return infiniteQueryOptions({
    queryKey: prices("models", search, provider ?? ""),
    queryFn: ({ signal, pageParam }) => {
      const query = { search, provider, limit: PAGE, cursor: pageParam || undefined };
      return ask<ModelPage>("GET", "/prices/models", { query, signal });
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
      ask<ModelPrices>("GET", `/prices/models/${encodeURIComponent(provider)}/${path}`, { signal }),
    staleTime: 60_000,
  });
}

export function overridesQuery() {
  return queryOptions({
    queryKey: prices("overrides"),
    queryFn: ({ signal }) => ask<{ items: Override[] }>("GET", "/prices/overrides", { signal }),
  });
}

/** With an id: in place of that one. */
export function saveOverride(id: string | null, body: OverrideIn): Promise<SavedOverride> {
  if (id === null) return ask("POST", "/prices/overrides", { body });
  return ask("PUT", `/prices/overrides/${encodeURIComponent(id)}`, { body });
}

export function deleteOverride(id: string): Promise<void> {
  return ask("DELETE", `/prices/overrides/${encodeURIComponent(id)}`);
}

export function exportOverrides(): Promise<Transfer> {
  return ask("GET", "/prices/overrides/export");
}

export function importOverrides(body: unknown, dryRun: boolean): Promise<ImportResult> {
  return ask("POST", "/prices/overrides/import", { body, query: { dry_run: dryRun } });
}

export function trustQuery() {
  return queryOptions({
    queryKey: prices("trust"),
    queryFn: ({ signal }) => ask<Trust>("GET", "/prices/trust", { signal }),
  });
}

export function setTrust(provider: string, trusted: boolean): Promise<Trust> {
  return ask("PUT", "/prices/trust", { body: { providers: [{ provider, trusted }] } });
}

export function unpricedQuery(span: { from: string; to?: string }) {
  return queryOptions({
    queryKey: prices("unpriced", span),
    queryFn: ({ signal }) =>
      ask<{ items: Unpriced[] }>("GET", "/prices/unpriced", { query: span, signal }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

export type RepriceScope = Span & { provider?: string; model?: string };

/** What pricing again would change; nothing is written. */
export function repriceQuery(scope: RepriceScope) {
  return queryOptions({
    queryKey: prices("reprice", scope),
    queryFn: ({ signal }) => {
      const body: RepriceIn = { ...scope, dry_run: true };
      return ask<Reprice>("POST", "/prices/reprice", { body, signal });
    },
    staleTime: 0,
    gcTime: 0,
  });
}

export function applyReprice(scope: RepriceScope): Promise<Reprice> {
  const body: RepriceIn = { ...scope, dry_run: false };
  return ask("POST", "/prices/reprice", { body });
}

export function disagreementsQuery() {
  return queryOptions({
    queryKey: prices("disagreements"),
    queryFn: ({ signal }) =>
      ask<{ items: Disagreement[] }>("GET", "/prices/disagreements", { signal }),
    staleTime: 60_000,
  });
}

export function updatesQuery() {
  return queryOptions({
    queryKey: prices("updates"),
    queryFn: ({ signal }) => ask<Updates>("GET", "/prices/updates", { signal }),
  });
}

export function enableUpdates(enabled: boolean): Promise<Updates> {
  return ask("PUT", "/prices/updates", { body: { enabled } });
}

export function checkUpdates(): Promise<Updates> {
  return ask("POST", "/prices/updates/check");
}

export function judgeUpdate(id: string, verdict: "accept" | "reject"): Promise<unknown> {
  return ask("POST", `/prices/updates/${encodeURIComponent(id)}/${verdict}`);
}

/** An example call under the prices that hold now. */
export function previewQuery(body: PreviewIn) {
  return queryOptions({
    queryKey: prices("preview", body),
    queryFn: ({ signal }) => ask<Preview>("POST", "/prices/preview", { body, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  });
}

/** Past calls that were priced again, newest first. */
export function repricesQuery() {
  return queryOptions({
    queryKey: prices("reprices"),
    queryFn: ({ signal }) =>
      ask<{ items: AppliedReprice[] }>("GET", "/prices/reprices", { signal }),
  });
}
