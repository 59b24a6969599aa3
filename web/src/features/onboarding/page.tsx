import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useWorkspace } from "@/api/member";
import { onboardingQuery, skipOnboarding } from "@/api/onboarding";
import { instanceQuery } from "@/api/queries";
import { ConnectStep } from "@/features/onboarding/connect-step";
import { ProviderStep } from "@/features/onboarding/provider-step";
import { Steps } from "@/features/onboarding/steps";
import { Mark } from "@/ui/brand";
import { Button } from "@/ui/button";
import { ErrorState } from "@/ui/error-state";
import { Skeleton } from "@/ui/skeleton";
import { notifyError } from "@/ui/toast";

type Chosen = "provider" | "connect" | null;

/** From an empty workspace to the first priced call; left and resumed at any point. */
export function OnboardingPage() {
  const onboarding = useQuery(onboardingQuery());
  const instance = useQuery(instanceQuery());
  const [chosen, setChosen] = useState<Chosen>(null);
  const [key, setKey] = useState<string | null>(null);
  const failed = [onboarding, instance].find((query) => query.isError);
  const step = chosen ?? (onboarding.data?.steps.provider ? "connect" : "provider");

  return (
    <Frame>
      {failed ? (
        <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
      ) : !onboarding.data || !instance.data ? (
        <PageSkeleton />
      ) : (
        <>
          <Steps current={onboarding.data.steps.first_call ? "done" : step} />
          {step === "provider" ? (
            <ProviderStep
              gatewayUrl={instance.data.gateway_url}
              onConnected={(made) => {
                setKey(made);
                setChosen("connect");
              }}
              onSkip={() => setChosen("connect")}
            />
          ) : (
            <ConnectStep
              gatewayUrl={instance.data.gateway_url}
              gatewayKey={key}
              hadKey={onboarding.data.steps.gateway_key}
              hadCall={onboarding.data.steps.first_call}
              onKey={setKey}
              onBack={() => setChosen("provider")}
            />
          )}
        </>
      )}
    </Frame>
  );
}

function Frame({ children }: { children: ReactNode }) {
  const workspace = useWorkspace();
  return (
    <div className="min-h-dvh">
      <header className="flex h-14 items-center justify-between border-b bg-surface px-4 sm:px-6">
        <p className="flex min-w-0 items-center gap-2.5 font-semibold text-base">
          <Mark className="size-6 shrink-0" />
          <span className="truncate">{workspace.name}</span>
        </p>
        <SkipButton />
      </header>
      <main className="mx-auto w-full max-w-[720px] px-4 pt-6 pb-16 sm:pt-10">{children}</main>
    </div>
  );
}

function SkipButton() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const skip = async () => {
    setBusy(true);
    try {
      client.setQueryData(onboardingQuery().queryKey, await skipOnboarding());
      await navigate({ to: "/" });
    } catch (error) {
      notifyError(error, "Setup was not skipped");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button variant="ghost" onClick={skip} loading={busy}>
      Skip setup
    </Button>
  );
}

function PageSkeleton() {
  return (
    <div aria-busy className="flex flex-col gap-6">
      <Skeleton className="h-5 w-72" />
      <Skeleton className="h-8 w-56" />
      <Skeleton className="h-72 w-full rounded-lg" />
    </div>
  );
}
