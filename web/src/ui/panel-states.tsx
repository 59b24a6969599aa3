import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "@/lib/problem";
import { ErrorState } from "@/ui/error-state";
import { Forbidden } from "@/ui/forbidden";

type Props<T> = {
  query: UseQueryResult<T>;
  /** For "You may not …": "see this workspace's keys". */
  what: string;
  /** For the error: "The keys could not be loaded". */
  affected: string;
  loading: ReactNode;
  children: (data: T) => ReactNode;
};

/** One of: what was loaded, its skeleton, a refusal, a failure with a way to try again. */
export function PanelStates<T>({ query, what, affected, loading, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return loading;
  if (query.error instanceof ApiError && query.error.status === 403)
    return <Forbidden what={what} />;
  return (
    <ErrorState
      error={query.error}
      affected={affected}
      onRetry={() => void query.refetch()}
      retrying={query.isFetching}
    />
  );
}
