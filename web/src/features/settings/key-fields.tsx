import { useQuery } from "@tanstack/react-query";
import { Controller, type UseFormReturn, useFormContext } from "react-hook-form";
import { useMounts } from "@/api/mounts";
import { kindsQuery } from "@/api/providers";
import type { RuleValues } from "@/features/settings/key-values";
import { Checkbox } from "@/ui/checkbox";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { TagsInput } from "@/ui/tags-input";

type Form = UseFormReturn<RuleValues>;

/**
 * What a gateway key may do, and what is known of calls that say nothing: part of a form that holds
 * these values, and is handed down by its provider.
 */
export function KeyRuleFields() {
  const form = useFormContext<RuleValues>();
  const { errors } = form.formState;
  return (
    <>
      <Models form={form} />
      <Mounts form={form} />
      <div className="grid grid-cols-2 gap-3">
        <Field label="Requests per minute" error={errors.requests_per_minute?.message}>
          {(control) => (
            <Input
              inputMode="numeric"
              autoComplete="off"
              placeholder="No limit"
              className="num"
              {...control}
              {...form.register("requests_per_minute")}
            />
          )}
        </Field>
        <Field label="Tokens per minute" error={errors.tokens_per_minute?.message}>
          {(control) => (
            <Input
              inputMode="numeric"
              autoComplete="off"
              placeholder="No limit"
              className="num"
              {...control}
              {...form.register("tokens_per_minute")}
            />
          )}
        </Field>
      </div>
      <Checkbox
        label="Callers may bring their own provider key"
        hint="Their calls then go on their own account; they are counted and priced all the same."
        {...form.register("byok")}
      />
      <Defaults form={form} />
    </>
  );
}

function Models({ form }: { form: Form }) {
  return (
    <Controller
      control={form.control}
      name="models"
      render={({ field }) => (
        <Field
          label="Models it may call"
          error={form.formState.errors.models?.message}
          hint="* stands for any text: gpt-4o*"
        >
          {(control) => (
            <TagsInput
              {...control}
              values={field.value}
              onChange={field.onChange}
              placeholder="Every model"
            />
          )}
        </Field>
      )}
    />
  );
}

function Mounts({ form }: { form: Form }) {
  const kinds = useQuery(kindsQuery());
  const stored = (useMounts() ?? []).map(({ name }) => name);
  const vendors = (kinds.data?.items ?? []).map(({ provider }) => provider);
  const names = new Set([...stored, ...vendors.filter((name) => name !== "compatible")]);
  return (
    <Controller
      control={form.control}
      name="mounts"
      render={({ field }) => (
        <Field label="Providers it may call" error={form.formState.errors.mounts?.message}>
          {(control) => (
            <TagsInput
              {...control}
              values={field.value}
              onChange={field.onChange}
              suggestions={[...names].map((value) => ({ value }))}
              placeholder="Every provider"
            />
          )}
        </Field>
      )}
    />
  );
}

const NAMES = [
  ["defaults.feature", "Feature"],
  ["defaults.team", "Team"],
  ["defaults.user", "User"],
  ["defaults.session", "Session"],
  ["defaults.prompt", "Prompt"],
  ["environment", "Environment"],
] as const;

/** On whose account calls go that carry no word of it. */
function Defaults({ form }: { form: Form }) {
  const { errors } = form.formState;
  const { environment, defaults } = form.getValues();
  const filled = [environment, ...Object.values(defaults)].some((value) => value.length > 0);
  const wrong = Boolean(errors.defaults ?? errors.environment);
  const tags = errors.defaults?.tags;
  const tagProblem = Array.isArray(tags) ? tags.find((each) => each?.message)?.message : undefined;
  return (
    <details open={filled || wrong || undefined}>
      <summary className="w-fit text-muted text-sm hover:text-ink">
        Attribution of calls that say nothing themselves
      </summary>
      <div className="mt-3 grid grid-cols-2 gap-3">
        {NAMES.map(([name, label]) => (
          <Field key={name} label={label} error={form.getFieldState(name).error?.message}>
            {(control) => <Input autoComplete="off" {...control} {...form.register(name)} />}
          </Field>
        ))}
        <Controller
          control={form.control}
          name="defaults.tags"
          render={({ field }) => (
            <Field label="Tags" className="col-span-2" error={tags?.message ?? tagProblem}>
              {(control) => (
                <TagsInput
                  {...control}
                  values={field.value}
                  onChange={field.onChange}
                  placeholder="region=eu"
                />
              )}
            </Field>
          )}
        />
      </div>
    </details>
  );
}
