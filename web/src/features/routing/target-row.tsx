import { ArrowDown, ArrowUp, X } from "lucide-react";
import { Controller, type UseFormReturn } from "react-hook-form";
import type { Mount } from "@/api/mounts";
import type { Values } from "@/features/routing/values";
import { providerName } from "@/lib/provider-names";
import { sharesOf, shareWord } from "@/lib/share";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";

type Form = UseFormReturn<Values>;

/** Stands for "as asked" in a list of choices, which knows no empty value. */
const ASKED = "*";
/** Names the list of models that a target may be given. */
export const MODELS = "models-of-targets";

type RowProps = {
  form: Form;
  index: number;
  count: number;
  mounts: readonly Mount[];
  onMove: (from: number, to: number) => void;
  onRemove: () => void;
};

/** One place that calls may go to. */
export function TargetRow({ form, index, count, mounts, onMove, onRemove }: RowProps) {
  const errors = form.formState.errors.targets?.[index];
  const weighted = count > 1 && form.watch("strategy") === "weighted";
  const name = `Target ${index + 1}`;
  return (
    <li className="grid grid-cols-[20px_minmax(0,1fr)] items-start gap-x-2">
      <span className="num pt-2 text-right text-faint text-sm">{index + 1}</span>
      <div className="flex flex-wrap items-start gap-2">
        <Controller
          control={form.control}
          name={`targets.${index}.mount`}
          render={({ field }) => (
            <Field
              label={<Hidden>{`${name}, provider`}</Hidden>}
              className="w-44 gap-0 max-sm:flex-1"
            >
              {(control) => (
                <Select
                  {...control}
                  value={field.value || ASKED}
                  onChange={(next) => field.onChange(next === ASKED ? "" : next)}
                  options={mountOptions(mounts, field.value)}
                />
              )}
            </Field>
          )}
        />
        <Field
          label={<Hidden>{`${name}, model`}</Hidden>}
          className="min-w-36 flex-1 gap-0 max-sm:order-3 max-sm:basis-full"
        >
          {(control) => (
            <Input
              {...control}
              aria-invalid={errors?.model ? true : undefined}
              list={MODELS}
              autoComplete="off"
              spellCheck={false}
              placeholder="The model that was asked"
              {...form.register(`targets.${index}.model`)}
            />
          )}
        </Field>
        {weighted && <Weight form={form} index={index} name={name} />}
        <span className="flex pt-1">
          {count > 1 && (
            <>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Move ${name} up`}
                aria-disabled={index === 0 || undefined}
                onClick={() => index > 0 && onMove(index, index - 1)}
              >
                <ArrowUp aria-hidden />
              </Button>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Move ${name} down`}
                aria-disabled={index === count - 1 || undefined}
                onClick={() => index < count - 1 && onMove(index, index + 1)}
              >
                <ArrowDown aria-hidden />
              </Button>
            </>
          )}
          <Button variant="ghost" size="icon-sm" aria-label={`Remove ${name}`} onClick={onRemove}>
            <X aria-hidden />
          </Button>
        </span>
      </div>
      <Problems
        messages={[errors?.mount?.message, errors?.model?.message, errors?.weight?.message]}
      />
    </li>
  );
}

/** The weight, and what it comes to. */
function Weight({ form, index, name }: { form: Form; index: number; name: string }) {
  const weights = form.watch("targets").map(({ weight }) => Number(weight) || 0);
  const share = sharesOf(weights)[index] ?? 0;
  return (
    <Field label={<Hidden>{`${name}, weight`}</Hidden>} className="gap-0">
      {(control) => (
        <span className="flex items-center gap-2">
          <Input
            {...control}
            inputMode="numeric"
            autoComplete="off"
            className="num w-16 text-right"
            {...form.register(`targets.${index}.weight`)}
          />
          <span
            className="num w-10 text-muted text-sm"
            title={share === 0 ? "Only when the others fail" : "Share of the calls"}
          >
            {shareWord(share)}
          </span>
        </span>
      )}
    </Field>
  );
}

function Problems({ messages }: { messages: (string | undefined)[] }) {
  const told = messages.filter(Boolean);
  if (told.length === 0) return null;
  return (
    <p role="alert" className="col-start-2 mt-1 text-critical text-sm">
      {told.join(" ")}
    </p>
  );
}

function Hidden({ children }: { children: string }) {
  return <span className="sr-only">{children}</span>;
}

/** A target that is chosen stays in the list, even when its provider is gone. */
function mountOptions(mounts: readonly Mount[], chosen: string) {
  const known = mounts.map(({ name, provider }) => ({
    value: name,
    label: name === provider ? providerName(provider) : name,
    description: name === provider ? undefined : providerName(provider),
  }));
  const gone = chosen && !mounts.some(({ name }) => name === chosen);
  return [
    { value: ASKED, label: "As asked", description: "The provider that the call names" },
    ...known,
    ...(gone ? [{ value: chosen, label: chosen, description: "Not connected" }] : []),
  ];
}
