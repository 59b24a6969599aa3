import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { Controller, type UseFormReturn, useFieldArray } from "react-hook-form";
import type { BookUnit } from "@/api/price-types";
import { bookQuery } from "@/api/prices";
import { useNamedModel } from "@/features/prices/override-target";
import type { Values } from "@/features/prices/override-values";
import { compact } from "@/lib/format";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";

/** Dollars for each unit, in rows that can be added and taken out. */
export function RatesFields({ form }: { form: UseFormReturn<Values> }) {
  const rows = useFieldArray({ control: form.control, name: "rates" });
  const { data: book } = useQuery(bookQuery());
  const units = book?.units ?? [];
  const named = useNamedModel({ form });
  const used = new Set(form.watch("rates").map(({ unit }) => unit));
  const next = units.find(({ unit }) => !used.has(unit));
  const errors = form.formState.errors.rates;
  return (
    <div className="flex flex-col gap-2">
      {rows.fields.map((row, index) => (
        <RateRow
          key={row.id}
          form={form}
          index={index}
          units={units}
          error={errors?.[index]?.rate?.message}
          onRemove={rows.fields.length > 1 ? () => rows.remove(index) : null}
        />
      ))}
      <FormAlert>{errors?.message ?? errors?.root?.message}</FormAlert>
      <div className="flex flex-wrap items-center gap-2">
        <Button
          size="sm"
          disabled={!next}
          onClick={() => rows.append({ unit: next?.unit ?? "", rate: "" })}
        >
          <Plus aria-hidden />
          Add a unit
        </Button>
        {named && (
          <Button
            size="sm"
            variant="ghost"
            onClick={() =>
              rows.replace(named.rates.map(({ unit, rate_usd }) => ({ unit, rate: rate_usd })))
            }
          >
            Start from the list price
          </Button>
        )}
      </div>
      <p className="text-muted text-sm">
        They stand in place of all rates of the list: a unit without a rate is billed as the unit it
        is part of, or leaves the call unpriced.
      </p>
    </div>
  );
}

type RowProps = {
  form: UseFormReturn<Values>;
  index: number;
  units: readonly BookUnit[];
  error: string | undefined;
  onRemove: (() => void) | null;
};

function RateRow({ form, index, units, error, onRemove }: RowProps) {
  const unit = form.watch(`rates.${index}.unit`);
  const known = units.find((each) => each.unit === unit);
  const name = known?.name ?? unit.replaceAll("_", " ");
  const options = (known ? units : [{ unit, name, per: 1_000_000, token: true }, ...units]).map(
    (each) => ({ value: each.unit, label: each.name }),
  );
  return (
    <div className="flex items-start gap-2">
      <Controller
        control={form.control}
        name={`rates.${index}.unit`}
        render={({ field }) => (
          <Select
            aria-label={`Unit of rate ${index + 1}`}
            className="min-w-0 flex-1 first-letter:uppercase sm:max-w-64"
            value={field.value}
            onChange={field.onChange}
            options={options}
          />
        )}
      />
      <Field
        label={<span className="sr-only">Rate for {name}</span>}
        error={error}
        className="flex-1 gap-1 [&>label]:contents"
      >
        {(control) => (
          <div className="flex items-center gap-2">
            <div className="relative flex-1">
              <span
                aria-hidden
                className="pointer-events-none absolute top-2 left-2.5 text-faint text-sm"
              >
                $
              </span>
              <Input
                inputMode="decimal"
                autoComplete="off"
                className="num pl-6"
                {...control}
                {...form.register(`rates.${index}.rate`)}
              />
            </div>
            <span className="num w-18 shrink-0 text-muted text-sm">{perWords(known)}</span>
          </div>
        )}
      </Field>
      <Button
        variant="ghost"
        size="icon"
        className="mt-0.5"
        aria-label={`Remove the rate for ${name}`}
        disabled={!onRemove}
        onClick={onRemove ?? undefined}
      >
        <X aria-hidden />
      </Button>
    </div>
  );
}

function perWords(unit: BookUnit | undefined): string {
  const per = unit?.per ?? 1_000_000;
  return per === 1 ? "each" : `per ${compact(per)}`;
}
