import { queryOptions } from "@tanstack/react-query";
import { call } from "@/api/client";
import { scoped } from "@/api/queries";

export type Onboarding = {
  done: boolean;
  steps: { provider: boolean; gateway_key: boolean; first_call: boolean };
  skipped: boolean;
};

export function onboardingQuery() {
  return queryOptions({
    queryKey: scoped("onboarding"),
    queryFn: ({ signal }) => call<Onboarding>("GET", "/onboarding", { signal }),
    staleTime: 10_000,
  });
}

export function skipOnboarding(): Promise<Onboarding> {
  return call<Onboarding>("PATCH", "/onboarding", { body: { skipped: true } });
}
