import { zodResolver } from "@hookform/resolvers/zod";
import { Controller, type Path, type UseFormReturn, useForm } from "react-hook-form";
import type { Override, OverrideIn } from "@/api/price-types";
import { OverridePreview } from "@/features/prices/override-preview";
import { OverrideTarget } from "@/features/prices/override-target";
import {
  KINDS,
  placeOf,
  type Start,
  schema,
  startValues,
  toOverride,
  type Values,
} from "@/features/prices/override-values";
import { RatesFields } from "@/features/prices/rates-fields";
import { placeProblem } from "@/lib/form-problem";
import { ApiError, explain } from "@/lib/problem";
import { Button } from "@/ui/button";
import { DialogBody, DialogClose, DialogFooter } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { Segmented } from "@/ui/segmented";

const KIND_LABELS: Record<Values["kind"], string> = {
  rates: "Rates of your own",
  factor: "Percent off the list",
};

type Props = {
  start: Start;
  editing: Override | null;
  /** Rejects with the API's refusal. */
  onSubmit: (body: OverrideIn) => Promise<unknown>;
};

export function OverrideForm({ start, editing, onSubmit }: Props) {
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: startValues(start, editing),
  });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit(toOverride(values, editing));
    } catch (error) {
      const named = error instanceof ApiError ? error.problem.field : null;
      const place = placeOf(named, values);
      if (place) {
        const { title, detail } = explain(error);
        form.setError(place as Path<Values>, { message: detail || title }, { shouldFocus: true });
      } else form.setError("root", { message: placeProblem(error, []).message });
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <DialogBody className="flex flex-col gap-4">
        <OverrideTarget form={form} />
        <Amounts form={form} />
        <Limits form={form} open={Boolean(editing?.deployment || editing?.project_id)} />
        <OverridePreview form={form} />
        <FormAlert>{errors.root?.message}</FormAlert>
      </DialogBody>
      <DialogFooter className="sticky bottom-0 bg-surface">
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <Button type="submit" variant="primary" loading={isSubmitting}>
          Save price
        </Button>
      </DialogFooter>
    </form>
  );
}

function Amounts({ form }: { form: UseFormReturn<Values> }) {
  const kind = form.watch("kind");
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="sr-only">Price</legend>
      <Controller
        control={form.control}
        name="kind"
        render={({ field }) => (
          <Segmented
            aria-label="Kind of price"
            className="w-fit"
            value={field.value}
            onChange={field.onChange}
            options={KINDS.map((value) => ({ value, label: KIND_LABELS[value] }))}
          />
        )}
      />
      {kind === "rates" ? (
        <RatesFields form={form} />
      ) : (
        <Field
          label="Percent off the list price"
          error={form.formState.errors.percent?.message}
          hint="On every rate of the list, now and later. A negative number is a surcharge."
        >
          {(control) => (
            <Input
              inputMode="decimal"
              autoComplete="off"
              placeholder="15"
              className="num w-40"
              {...control}
              {...form.register("percent")}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}

/** When it holds and for whom: most prices hold from now on for all. */
function Limits({ form, open }: { form: UseFormReturn<Values>; open: boolean }) {
  const { errors } = form.formState;
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="From" optional error={errors.from?.message} hint="Empty: it always held.">
          {(control) => <Input type="date" {...control} {...form.register("from")} />}
        </Field>
        <Field label="Until" optional error={errors.until?.message} hint="Days begin at 0:00 UTC.">
          {(control) => <Input type="date" {...control} {...form.register("until")} />}
        </Field>
      </div>
      <details open={open || Boolean(errors.deployment || errors.project_id) || undefined}>
        <summary className="w-fit text-muted text-sm hover:text-ink">
          Limit it to a deployment or project, add a note
        </summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          <Field label="Deployment" optional error={errors.deployment?.message}>
            {(control) => (
              <Input autoComplete="off" {...control} {...form.register("deployment")} />
            )}
          </Field>
          <Field label="Project id" optional error={errors.project_id?.message}>
            {(control) => (
              <Input autoComplete="off" {...control} {...form.register("project_id")} />
            )}
          </Field>
          <Field label="Note" optional className="sm:col-span-2" error={errors.note?.message}>
            {(control) => (
              <Input
                autoComplete="off"
                placeholder="Contract of March, account 4711"
                {...control}
                {...form.register("note")}
              />
            )}
          </Field>
        </div>
      </details>
    </>
  );
}
