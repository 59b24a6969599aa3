/** Routes: where calls go, in which order they are asked, and what a call would do. */

import { keepPreviousData, queryOptions, useQueryClient } from "@tanstack/react-query";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";
import type { Asked, Route, RouteIn } from "@/api/routing-types";

export function routesQuery() {
  return queryOptions({
    queryKey: scoped("routes", "list"),
    queryFn: ({ signal }) => call("GET", "/routes", { signal }),
    staleTime: 10_000,
  });
}

export function routeQuery(id: string) {
  return queryOptions({
    queryKey: scoped("routes", "one", id),
    queryFn: ({ signal }) => call("GET", path(id), { signal }),
    staleTime: 10_000,
  });
}

/** `draft`: the route as it would be saved; null asks what the saved routes do. */
export function dryRunQuery(request: Asked, draft: (RouteIn & { id?: string }) | null) {
  return queryOptions({
    queryKey: scoped("routes", "dry-run", request, draft),
    queryFn: ({ signal }) => {
      const body = draft ? { request, route: draft } : { request };
      return call("POST", "/routes/dry-run", { body, signal });
    },
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    retry: false,
  });
}

/** Makes a route, or writes the one with this id anew. */
export function saveRoute(route: RouteIn, id: string | null): Promise<Route> {
  return id === null
    ? call("POST", "/routes", { body: route })
    : call("PUT", path(id), { body: route });
}

export function deleteRoute(id: string): Promise<void> {
  return call("DELETE", path(id));
}

export function orderRoutes(ids: readonly string[]): Promise<unknown> {
  return call("PUT", "/routes/order", { body: { ids: [...ids] } });
}

/** Asks anew for all that routes decide, after one of them was changed. */
export function useRoutesChanged(): () => Promise<unknown> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: scoped("routes") });
}

function path(id: string): `/routes/${string}` {
  return `/routes/${encodeURIComponent(id)}`;
}
