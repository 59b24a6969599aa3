/** What the app asks the API, as TanStack Query options: one function per question. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call, setCsrfToken } from "@/api/client";
import type { Query } from "@/api/contract";
import type { QueryOf } from "@/api/routes";
import type { Answer } from "@/api/table";
import { currentWorkspace } from "@/api/workspace";

/** Keys of workspace data begin with the workspace, so that switching never shows another's. */
export function scoped(...parts: unknown[]): unknown[] {
  return ["ws", currentWorkspace.get(), ...parts];
}

export function instanceQuery() {
  return queryOptions({
    queryKey: ["instance"],
    queryFn: ({ signal }) => call("GET", "/instance", { signal }),
    staleTime: 60_000,
  });
}

export function meQuery() {
  return queryOptions({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      const me = await call("GET", "/me", { signal });
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
      const table = await call("POST", "/query", { body: query, signal });
      return { ...table, asked: query };
    },
    placeholderData: keepPreviousData,
    staleTime: 15_000,
  });
}

export function fieldsQuery() {
  return queryOptions({
    queryKey: ["query-fields"],
    queryFn: ({ signal }) => call("GET", "/query/fields", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type RunFilters = Omit<QueryOf<"/runs", "GET">, "limit" | "cursor">;

export function runsQuery(filters: RunFilters, limit = 50) {
  return infiniteQueryOptions({
    queryKey: scoped("runs", filters, limit),
    queryFn: ({ signal, pageParam }) =>
      call("GET", "/runs", {
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
    queryFn: ({ signal }) => call("GET", `/runs/${encodeURIComponent(id)}`, { signal }),
    staleTime: 10_000,
  });
}
