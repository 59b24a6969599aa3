import { useQuery } from "@tanstack/react-query";
import { Controller, type UseFormReturn } from "react-hook-form";
import { keysQuery } from "@/api/keys";
import { useMounts } from "@/api/mounts";
import { kindsQuery } from "@/api/providers";
import { OPERATIONS, useSeen } from "@/features/routing/seen";
import type { Values } from "@/features/routing/values";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { Field } from "@/ui/field";
import { type Suggestion, TagsInput } from "@/ui/tags-input";

type Form = UseFormReturn<Values>;
type Name = keyof Values["match"];

const FURTHER: readonly Name[] = ["operations", "projects", "keys", "features", "environments"];

/** Which calls the route takes: all that hold every condition that is given. */
export function MatchCard({ form }: { form: Form }) {
  const { errors } = form.formState;
  const further = FURTHER.some((name) => form.getValues("match")[name].length > 0);
  const wrong = FURTHER.some((name) => errors.match?.[name]);
  return (
    <Card>
      <CardHeader
        title="Which calls"
        description="A call must fit every condition that is given. None given: it takes every call."
      />
      <CardBody className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <Providers form={form} />
          <Models form={form} />
        </div>
        <details open={further || wrong || undefined}>
          <summary className="w-fit text-muted text-sm hover:text-ink">
            Operation, project, key, feature, environment
          </summary>
          <div className="mt-3 grid gap-4 sm:grid-cols-2">
            <Tags
              form={form}
              name="operations"
              label="Operations"
              suggestions={OPERATIONS}
              placeholder="Any"
            />
            <Keys form={form} />
            <Seen form={form} name="projects" dimension="project" label="Projects" />
            <Seen form={form} name="features" dimension="feature" label="Features" />
            <Seen form={form} name="environments" dimension="environment" label="Environments" />
          </div>
        </details>
      </CardBody>
    </Card>
  );
}

function Providers({ form }: { form: Form }) {
  const kinds = useQuery(kindsQuery());
  const stored = useMounts() ?? [];
  const names = new Set(stored.map(({ name }) => name));
  const others = (kinds.data?.items ?? []).filter(
    ({ provider, base_url, keyless }) => base_url && !keyless && !names.has(provider),
  );
  const suggestions: Suggestion[] = [
    ...stored.map(({ name }) => ({ value: name })),
    ...others.map(({ provider }) => ({ value: provider, detail: "callers' own keys" })),
  ];
  return (
    <Tags
      form={form}
      name="mounts"
      label="Providers asked"
      suggestions={suggestions}
      placeholder="Any"
    />
  );
}

function Models({ form }: { form: Form }) {
  const seen = useSeen("model");
  return (
    <Tags
      form={form}
      name="models"
      label="Models asked"
      hint="* stands for any text: gpt-4o*"
      suggestions={seen}
      placeholder="Any"
    />
  );
}

function Keys({ form }: { form: Form }) {
  const keys = useQuery(keysQuery());
  const suggestions = (keys.data?.items ?? [])
    .filter(({ kind, revoked_at }) => kind === "gateway" && !revoked_at)
    .map(({ id, name, hint }) => ({ value: id, label: name, detail: `…${hint}` }));
  return (
    <Tags form={form} name="keys" label="Keys" suggestions={suggestions} only placeholder="Any" />
  );
}

type SeenProps = { form: Form; name: Name; dimension: string; label: string };

/** Values that calls of the last days carried are proposed; others can be typed. */
function Seen({ form, name, dimension, label }: SeenProps) {
  return (
    <Tags
      form={form}
      name={name}
      label={label}
      suggestions={useSeen(dimension)}
      placeholder="Any"
    />
  );
}

type TagsProps = {
  form: Form;
  name: Name;
  label: string;
  hint?: string;
  suggestions: readonly Suggestion[];
  only?: boolean;
  placeholder: string;
};

function Tags({ form, name, label, hint, ...input }: TagsProps) {
  const error = form.formState.errors.match?.[name];
  return (
    <Controller
      control={form.control}
      name={`match.${name}`}
      render={({ field }) => (
        <Field label={label} hint={hint} error={error?.message ?? firstOf(error)}>
          {(control) => (
            <TagsInput values={field.value} onChange={field.onChange} {...input} {...control} />
          )}
        </Field>
      )}
    />
  );
}

/** The message at a member of a list, where the list itself has none. */
function firstOf(error: unknown): string | undefined {
  if (!Array.isArray(error)) return undefined;
  return error.find((each) => each?.message)?.message;
}
