/** What gateways tell of themselves, and what providers tell of their limits. */

import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";

const EVERY_MS = 5_000;

export function gatewaysQuery() {
  return queryOptions({
    queryKey: scoped("gateways"),
    queryFn: ({ signal }) => call("GET", "/gateways", { signal }),
    staleTime: EVERY_MS,
    refetchInterval: EVERY_MS,
  });
}

export function limitsQuery() {
  return queryOptions({
    queryKey: scoped("limits"),
    queryFn: ({ signal }) => call("GET", "/limits", { signal }),
    staleTime: EVERY_MS,
    refetchInterval: EVERY_MS,
  });
}
