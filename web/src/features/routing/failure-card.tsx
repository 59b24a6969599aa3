import { Controller, type UseFormReturn } from "react-hook-form";
import { DEFAULT_STATUSES } from "@/features/routing/empty-route";
import { Seconds } from "@/features/routing/seconds";
import type { Values } from "@/features/routing/values";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { Checkbox } from "@/ui/checkbox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { type Suggestion, TagsInput } from "@/ui/tags-input";

type Form = UseFormReturn<Values>;

const STATUS_WORDS: Record<number, string> = {
  408: "Request timeout",
  409: "Conflict",
  429: "Too many requests",
  500: "Server error",
  502: "Bad gateway",
  503: "Unavailable",
  504: "Gateway timeout",
  529: "Overloaded",
};
const STATUSES: readonly Suggestion[] = DEFAULT_STATUSES.map((status) => ({
  value: String(status),
  detail: STATUS_WORDS[status],
}));

/** How often a target is asked, and after what. */
export function FailureCard({ form }: { form: Form }) {
  const { errors } = form.formState;
  const pauses = [errors.backoff_s, errors.max_backoff_s, errors.max_wait_s, errors.statuses];
  return (
    <Card>
      <CardHeader
        title="When one fails"
        description="A refusal for want of money or quota is never tried again; it goes to the next target, or to the caller."
      />
      <CardBody className="flex flex-col gap-4">
        <Field
          label="Tries of each target"
          error={errors.tries?.message}
          hint="1 asks once. Every try at a provider is an attempt of its own, with its own cost."
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              autoComplete="off"
              className="num w-24"
              {...form.register("tries")}
            />
          )}
        </Field>
        <Checkbox
          label="Also when a connection could not be made"
          hint="Nothing was sent, so nothing is billed."
          {...form.register("connection")}
        />
        <Checkbox
          label="Also when the connection broke after the request was sent"
          hint="The provider may bill the call that broke as well."
          {...form.register("lost")}
        />
        <details open={pauses.some(Boolean) || undefined}>
          <summary className="w-fit text-muted text-sm hover:text-ink">
            Statuses and pauses between tries
          </summary>
          <div className="mt-3 flex flex-col gap-4">
            <Statuses form={form} />
            <div className="grid gap-4 sm:grid-cols-3">
              <Seconds form={form} name="backoff_s" label="First pause" hint="Doubles each time." />
              <Seconds form={form} name="max_backoff_s" label="Longest pause" />
              <Seconds
                form={form}
                name="max_wait_s"
                label="Longest pause asked for"
                hint="If the provider asks for more, the next target is tried."
              />
            </div>
          </div>
        </details>
      </CardBody>
    </Card>
  );
}

function Statuses({ form }: { form: Form }) {
  const error = form.formState.errors.statuses;
  const message = Array.isArray(error) ? error.find((each) => each?.message)?.message : undefined;
  return (
    <Controller
      control={form.control}
      name="statuses"
      render={({ field }) => (
        <Field label="Statuses that are tried again" error={error?.message ?? message}>
          {(control) => (
            <TagsInput
              {...control}
              values={field.value}
              onChange={field.onChange}
              suggestions={STATUSES}
              placeholder="None"
            />
          )}
        </Field>
      )}
    />
  );
}
