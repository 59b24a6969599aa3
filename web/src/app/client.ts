import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/lib/problem";

/** `onSignedOut` is called when the API says that the session is over. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const guarded = query.queryKey[0] !== "me";
        if (guarded && error instanceof ApiError && error.status === 401) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: { retry: shouldRetry, refetchOnWindowFocus: true },
    },
  });
}

/** Once more when the server failed or could not be reached; a refusal stays a refusal. */
export function shouldRetry(failures: number, error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return failures < 1 && (error.status === 0 || error.status >= 500);
}
