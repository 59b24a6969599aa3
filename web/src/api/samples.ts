/** Sample data lives in a workspace of its own and goes with it. */

import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";

export type Samples = components["schemas"]["SamplesOut"];

const WHILE_LOADING_MS = 500;

export function samplesQuery() {
  return queryOptions({
    queryKey: ["samples"],
    queryFn: ({ signal }) => call("GET", "/samples", { signal }),
    refetchInterval: (query) => (query.state.data?.state === "loading" ? WHILE_LOADING_MS : false),
  });
}

export function loadSamples(): Promise<Samples> {
  return call("POST", "/samples", { body: {} });
}

export function removeSamples(): Promise<void> {
  return call("DELETE", "/samples");
}
