/** What the app asks the API, as TanStack Query options: one function per question. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call, setCsrfToken } from "@/api/client";
import type { Instance, Me, Page, Query, QueryFields, Run, Table } from "@/api/contract";
import type { RunDetail } from "@/api/run-detail";
import type { Answer } from "@/api/table";
import { currentWorkspace } from "@/api/workspace";

/** Keys of workspace data begin with the workspace, so that switching never shows another's. */
export function scoped(...parts: unknown[]): unknown[] {
  return ["ws", currentWorkspace.get(), ...parts];
}

export function instanceQuery() {
  return queryOptions({
    queryKey: ["instance"],
    queryFn: ({ signal }) => call<Instance>("GET", "/instance", { signal }),
    staleTime: 60_000,
  });
}

export function meQuery() {
  return queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      const me = await call<Me>("GET", "/me", { signal });
      setCsrfToken(me.csrf_token);
      return me;
    },
    staleTime: 5 * 60_000,
    retry: false,
  });
}

export function tableQuery(query: Query) {
  return queryOptions({
    queryKey: scoped("query", query),
    queryFn: async ({ signal }): Promise<Answer> => {
      const table = await call<Table>("POST", "/query", { body: query, signal });
      return { ...table, asked: query };
    },
    placeholderData: keepPreviousData,
    staleTime: 15_000,
  });
}

export function fieldsQuery() {
  return queryOptions({
    queryKey: ["query-fields"],
    queryFn: ({ signal }) => call<QueryFields>("GET", "/query/fields", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type RunFilters = Record<string, string | string[] | undefined>;

export function runsQuery(filters: RunFilters, limit = 50) {
  return infiniteQueryOptions({
    queryKey: scoped("runs", filters, limit),
    queryFn: ({ signal, pageParam }) =>
      call<Page<Run>>("GET", "/runs", {
        query: { ...filters, limit, cursor: pageParam || undefined },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 5_000,
  });
}

export function runQuery(id: string) {
  return queryOptions({
    queryKey: scoped("run", id),
    queryFn: ({ signal }) => call<RunDetail>("GET", `/runs/${encodeURIComponent(id)}`, { signal }),
    staleTime: 10_000,
  });
}
