import { zodResolver } from "@hookform/resolvers/zod";
import type { ReactNode } from "react";
import { Controller, type UseFormReturn, useForm } from "react-hook-form";
import * as z from "zod/mini";
import { placeProblem } from "@/lib/form-problem";
import { checkedText, requiredText } from "@/lib/schema";
import { Button } from "@/ui/button";
import { ChoiceCards } from "@/ui/choice-cards";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";

export type VendorChoice<V extends string> = {
  value: V;
  label: string;
  /** How a key of this vendor begins. */
  keyLooks: string;
  /** Where calls go unless another address is given. */
  api: string;
};
export type ProviderValues<V extends string> = {
  provider: V;
  api_key: string;
  base_url?: string;
  allow_private?: boolean;
};

const schema = z.object({
  provider: z.string(),
  api_key: requiredText("Paste the provider's API key.", 1000),
  base_url: checkedText((text) =>
    text.trim() === "" || URL.canParse(text) ? null : "Enter a full URL with https://.",
  ),
  allow_private: z.boolean(),
});
type Values = z.infer<typeof schema>;
const FIELDS = ["api_key", "base_url"] as const;

type Props<V extends string> = {
  vendors: readonly VendorChoice<V>[];
  /** Rejects with the API's refusal; the form then says why at the right place. */
  onSubmit: (values: ProviderValues<V>) => Promise<unknown>;
  /** Further buttons, left of the main one. */
  actions?: ReactNode;
  className?: string;
};

function useProviderForm(provider: string): UseFormReturn<Values> {
  return useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { provider, api_key: "", base_url: "", allow_private: false },
  });
}

/** A provider's key: goes in, is never shown again. */
export function ProviderForm<V extends string>({
  vendors,
  onSubmit,
  actions,
  className,
}: Props<V>) {
  const form = useProviderForm(vendors[0]?.value ?? "");
  const { errors, isSubmitting } = form.formState;
  const chosen = vendors.find((each) => each.value === form.watch("provider")) ?? vendors[0];

  const submit = form.handleSubmit(async ({ api_key, base_url, allow_private }) => {
    if (!chosen) return;
    const address = base_url.trim() ? { base_url: base_url.trim(), allow_private } : {};
    try {
      await onSubmit({ provider: chosen.value, api_key, ...address });
    } catch (error) {
      const { field, message } = placeProblem(error, FIELDS);
      form.setError(field, { message });
    }
  });

  return (
    <form onSubmit={submit} noValidate className={className}>
      <div className="flex flex-col gap-4">
        <Controller
          control={form.control}
          name="provider"
          render={({ field }) => (
            <ChoiceCards
              aria-label="Provider"
              className="grid grid-cols-2"
              value={field.value}
              onChange={field.onChange}
              options={vendors}
            />
          )}
        />
        <Field
          label="API key"
          error={errors.api_key?.message}
          hint="Stored encrypted on this machine. It is sent to the provider only and never shown again."
        >
          {(control) => (
            <Input
              type="password"
              autoComplete="off"
              className="font-mono"
              placeholder={chosen?.keyLooks}
              {...control}
              {...form.register("api_key")}
            />
          )}
        </Field>
        <AddressFields form={form} standard={chosen?.api ?? ""} />
        <FormAlert>{errors.root?.message}</FormAlert>
      </div>
      <div className="mt-4 flex flex-wrap items-center justify-end gap-2">
        {actions}
        <Button type="submit" variant="primary" loading={isSubmitting}>
          Add provider
        </Button>
      </div>
    </form>
  );
}

/** For a proxy or a compatible server: folded away, because most people need none. */
function AddressFields({ form, standard }: { form: UseFormReturn<Values>; standard: string }) {
  const problem = form.formState.errors.base_url?.message;
  return (
    <details open={problem ? true : undefined}>
      <summary className="w-fit text-muted text-sm hover:text-ink">Use another address</summary>
      <div className="mt-3 flex flex-col gap-3">
        <Field
          label="Base URL"
          optional
          error={problem}
          hint={`For a proxy or a compatible server. Default: ${standard}`}
        >
          {(control) => (
            <Input
              type="url"
              autoComplete="off"
              placeholder={standard}
              {...control}
              {...form.register("base_url")}
            />
          )}
        </Field>
        <label className="flex items-start gap-2 text-sm">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-(--accent)"
            {...form.register("allow_private")}
          />
          <span>
            This server is inside my own network
            <span className="block text-muted">
              Private addresses are refused unless you say so.
            </span>
          </span>
        </label>
      </div>
    </details>
  );
}
