import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { instanceQuery } from "@/api/queries";
import { AuthFrame } from "@/features/auth/auth-frame";
import { SetupForm } from "@/features/auth/setup-form";
import { Button } from "@/ui/button";
import { ErrorState } from "@/ui/error-state";
import { Skeleton } from "@/ui/skeleton";

/** The page behind the one-time link that `quotah up` prints. */
export function SetupPage() {
  const { token } = useSearch({ from: "/setup" });
  const instance = useQuery(instanceQuery());
  const navigate = useNavigate();
  const [refused, setRefused] = useState(false);
  // While the next page loads, this one must not turn into "already set up".
  const [done, setDone] = useState(false);

  if (instance.isError) {
    return (
      <AuthFrame title="Set up Quotah">
        <ErrorState error={instance.error} onRetry={() => void instance.refetch()} />
      </AuthFrame>
    );
  }
  if (instance.isPending) {
    return (
      <AuthFrame title="Set up Quotah">
        <div aria-busy className="flex flex-col gap-4">
          <Skeleton className="h-9 w-full" />
          <Skeleton className="h-9 w-full" />
          <Skeleton className="h-9 w-full" />
        </div>
      </AuthFrame>
    );
  }
  if (!instance.data.setup_required && !done) return <AlreadySetUp />;
  if (!token || refused) return <NoUsableLink refused={refused} />;
  return (
    <AuthFrame
      title="Create the owner account"
      description="The first account owns this Quotah. It lives on this machine; nothing is sent elsewhere."
    >
      <SetupForm
        token={token}
        onTokenRefused={() => setRefused(true)}
        onDone={() => {
          setDone(true);
          void navigate({ to: "/onboarding", replace: true });
        }}
      />
    </AuthFrame>
  );
}

function AlreadySetUp() {
  return (
    <AuthFrame
      title="Quotah is already set up"
      description="A setup link works once. Sign in with the account that was created with it."
    >
      <Button asChild variant="primary" size="lg" className="w-full">
        <Link to="/login">Sign in</Link>
      </Button>
    </AuthFrame>
  );
}

function NoUsableLink({ refused }: { refused: boolean }) {
  return (
    <AuthFrame
      title={refused ? "This setup link does not work" : "Open your setup link"}
      description={
        refused
          ? "It is incomplete, too old, or replaced by a newer one."
          : "Quotah is not set up yet. Only who can see its terminal may create the owner account."
      }
    >
      <p className="text-base">
        Open the link that <code className="id">quotah up</code> printed last, or run{" "}
        <code className="id">quotah setup-link</code> on the same machine for a new one.
      </p>
    </AuthFrame>
  );
}
