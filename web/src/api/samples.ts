/** Sample data lives in a workspace of its own and goes with it. */

import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";

export type Samples = {
  workspace_id: string | null;
  events: number;
  state: "none" | "loading" | "ready";
  /** 0 to 1. */
  progress: number;
};

const WHILE_LOADING_MS = 500;

export function samplesQuery() {
  return queryOptions({
    queryKey: ["samples"],
    queryFn: ({ signal }) => call<Samples>("GET", "/samples", { signal }),
    refetchInterval: (query) => (query.state.data?.state === "loading" ? WHILE_LOADING_MS : false),
  });
}

export function loadSamples(): Promise<Samples> {
  return call<Samples>("POST", "/samples", { body: {} });
}

export function removeSamples(): Promise<void> {
  return call<void>("DELETE", "/samples");
}
