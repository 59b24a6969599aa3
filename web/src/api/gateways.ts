/** What gateways tell of themselves, and what providers tell of their limits. */

import { queryOptions } from "@tanstack/react-query";
import { scoped } from "@/api/queries";
import type { Gateway, Limit } from "@/api/routing-types";
import { callUpcoming } from "@/api/upcoming";

const EVERY_MS = 5_000;

export function gatewaysQuery() {
  return queryOptions({
    queryKey: scoped("gateways"),
    queryFn: ({ signal }) => callUpcoming<{ items: Gateway[] }>("GET", "/gateways", { signal }),
    staleTime: EVERY_MS,
    refetchInterval: EVERY_MS,
  });
}

export function limitsQuery() {
  return queryOptions({
    queryKey: scoped("limits"),
    queryFn: ({ signal }) => callUpcoming<{ items: Limit[] }>("GET", "/limits", { signal }),
    staleTime: EVERY_MS,
    refetchInterval: EVERY_MS,
  });
}
