import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { UseFormReturn } from "react-hook-form";
import { type Mount, useMounts } from "@/api/mounts";
import { dryRunQuery } from "@/api/routing";
import type { RouteIn } from "@/api/routing-types";
import { RequestFields } from "@/features/routing/dry-run-fields";
import { requestFor, toAsked } from "@/features/routing/dry-run-request";
import { DryRunResult } from "@/features/routing/dry-run-result";
import { draftOf, type Values } from "@/features/routing/values";
import { useDebounced } from "@/lib/hooks";
import { ApiError } from "@/lib/problem";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { ErrorState } from "@/ui/error-state";
import { Skeleton } from "@/ui/skeleton";

type Props = { form: UseFormReturn<Values>; id: string | null };

const TYPING_MS = 300;

/** What a call would do by the route as it stands in the form, saved or not. */
export function DryRunCard({ form, id }: Props) {
  const mounts = useMounts();
  return (
    <Card className="lg:sticky lg:top-4 lg:max-h-[calc(100dvh-32px)] lg:overflow-y-auto">
      <CardHeader title="Dry run" description="Nothing is sent; the draft need not be saved." />
      {mounts ? (
        <Try form={form} id={id} mounts={mounts} />
      ) : (
        <CardBody aria-busy>
          <Skeleton className="h-40" />
        </CardBody>
      )}
    </Card>
  );
}

function Try({ form, id, mounts }: Props & { mounts: readonly Mount[] }) {
  const values = form.watch();
  const [own, setOwn] = useState<ReturnType<typeof requestFor> | null>(null);
  // Until somebody changes the request, it follows the conditions.
  const request = own ?? requestFor(values, mounts);
  const [draft, invalid] = useDraft(values);
  const asked = useDebounced(JSON.stringify(toAsked(request)), TYPING_MS);
  const answer = useQuery({
    ...dryRunQuery(JSON.parse(asked), draft && { ...draft, ...(id ? { id } : {}) }),
    enabled: draft !== null,
  });
  return (
    <>
      <CardBody>
        <RequestFields
          request={request}
          mounts={mounts}
          onChange={(change) => setOwn({ ...request, ...change })}
          onFollow={own && (() => setOwn(null))}
        />
      </CardBody>
      <div className="border-t" aria-live="polite">
        {answer.isError && isRefused(answer.error) ? (
          <CardBody className="pt-3.5 text-sm text-warning">{answer.error.message}</CardBody>
        ) : answer.isError ? (
          <ErrorState
            className="py-6"
            affected="The dry run could not be made"
            error={answer.error}
            onRetry={() => void answer.refetch()}
            retrying={answer.isFetching}
          />
        ) : answer.data ? (
          <DryRunResult
            result={answer.data}
            own={id}
            stale={answer.isPlaceholderData}
            invalid={invalid}
          />
        ) : (
          <CardBody className="pt-4" aria-busy>
            <Skeleton className="h-16" />
          </CardBody>
        )}
      </div>
    </>
  );
}

/** The request or the draft is at fault, not the asking. */
function isRefused(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 422;
}

/** The draft once typing rests, and whether a field of the form has a problem; then the last sound one. */
function useDraft(values: Values): [RouteIn | null, boolean] {
  const [sound, setSound] = useState<string | null>(() => JSON.stringify(draftOf(values)));
  const now = draftOf(values);
  const text = useDebounced(now ? JSON.stringify(now) : sound, TYPING_MS);
  if (now && text !== null && text !== sound) setSound(text);
  return [text === null ? null : (JSON.parse(text) as RouteIn | null), now === null];
}
