import { useQueryClient } from "@tanstack/react-query";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { Skeleton } from "@/ui/skeleton";

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const client = useQueryClient();
  const retry = async () => {
    await client.resetQueries({ predicate: (query) => query.state.status === "error" });
    await router.invalidate();
    reset();
  };
  return <ErrorState className="min-h-80" error={error} onRetry={retry} />;
}

export function RouteMissing() {
  return (
    <EmptyState
      className="min-h-80"
      icon={Compass}
      title="There is no page at this address"
      actions={
        <Button asChild>
          <Link to="/">Go to Overview</Link>
        </Button>
      }
    >
      The link may be old, or a character of it may be missing.
    </EmptyState>
  );
}

/** The shape of most pages: a title, a row of controls, a large block. */
export function RoutePending() {
  return (
    <div aria-busy className="flex flex-col gap-4">
      <Skeleton className="h-7 w-40" />
      <Skeleton className="h-28 w-full rounded-lg" />
      <Skeleton className="h-72 w-full rounded-lg" />
    </div>
  );
}

/** The same before the frame is there. */
export function AppPending() {
  return (
    <div className="mx-auto max-w-[1440px] p-4 sm:p-6">
      <RoutePending />
    </div>
  );
}
