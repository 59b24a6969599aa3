import type { QueryClient } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";
import { settleWorkspace } from "@/api/member";
import { onboardingQuery } from "@/api/onboarding";
import { instanceQuery, meQuery } from "@/api/queries";
import { ApiError } from "@/lib/problem";

/** Lets members through; sends others to sign in, and a fresh instance to its setup. */
export async function requireSession(client: QueryClient, href: string): Promise<void> {
  try {
    settleWorkspace(await client.ensureQueryData(meQuery()));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    const instance = await client.ensureQueryData(instanceQuery());
    if (instance.setup_required) throw redirect({ to: "/setup" });
    throw redirect({ to: "/login", search: href === "/" ? {} : { next: href } });
  }
}

/** Brings people who have not finished setting up back to it; being unable to tell stops nobody. */
export async function leadToOnboarding(client: QueryClient): Promise<void> {
  const onboarding = await client.ensureQueryData(onboardingQuery()).catch(() => null);
  const pending = onboarding && !onboarding.steps.first_call && !onboarding.skipped;
  if (pending) throw redirect({ to: "/onboarding" });
}
