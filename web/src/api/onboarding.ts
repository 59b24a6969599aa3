import { queryOptions } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";

export type Onboarding = components["schemas"]["OnboardingOut"];

export function onboardingQuery() {
  return queryOptions({
    queryKey: scoped("onboarding"),
    queryFn: ({ signal }) => call("GET", "/onboarding", { signal }),
    staleTime: 10_000,
  });
}

export function skipOnboarding(): Promise<Onboarding> {
  return call("PATCH", "/onboarding", { body: { skipped: true } });
}
