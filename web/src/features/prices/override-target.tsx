import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { UseFormReturn } from "react-hook-form";
import type { BookModel } from "@/api/price-types";
import { bookQuery, modelsQuery } from "@/api/prices";
import type { Values } from "@/features/prices/override-values";
import { useDebounced } from "@/lib/hooks";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

type Props = { form: UseFormReturn<Values> };

/** Which calls the price is for; the book helps with the names. */
export function OverrideTarget({ form }: Props) {
  const { errors } = form.formState;
  const { data: book } = useQuery(bookQuery());
  const suggestions = useBookModels(form.watch("provider"), form.watch("model"));
  return (
    <div className="grid gap-4 sm:grid-cols-[12rem_1fr]">
      <Field label="Provider" error={errors.provider?.message}>
        {(control) => (
          <>
            <Input
              list="price-providers"
              autoComplete="off"
              spellCheck={false}
              {...control}
              {...form.register("provider")}
            />
            <datalist id="price-providers">
              {book?.providers.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <Field
        label="Model"
        error={errors.model?.message}
        hint="As it is called or answered. * at the end stands for anything."
      >
        {(control) => (
          <>
            <Input
              list="price-models"
              autoComplete="off"
              spellCheck={false}
              {...control}
              {...form.register("model")}
            />
            <datalist id="price-models">
              {suggestions.map(({ provider, model }) => (
                <option key={`${provider}/${model}`} value={model} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    </div>
  );
}

/** Models of the book that look like what was typed. */
export function useBookModels(provider: string, model: string): BookModel[] {
  const wanted = useDebounced(model.trim().replace(/\*$/, ""), 200);
  const known = useQuery(bookQuery()).data?.providers.includes(provider.trim());
  const { data } = useInfiniteQuery({
    ...modelsQuery(wanted, known ? provider.trim() : undefined),
    enabled: wanted !== "",
  });
  return wanted === "" ? [] : (data?.pages[0]?.items ?? []);
}

/** The model of the book that the form names, if the book has it. */
export function useNamedModel({ form }: Props): BookModel | undefined {
  const [provider, model] = form.watch(["provider", "model"]);
  return useBookModels(provider, model).find(
    (each) => each.provider === provider.trim() && each.model === model.trim(),
  );
}
