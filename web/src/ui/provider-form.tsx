import { zodResolver } from "@hookform/resolvers/zod";
import type { ReactNode } from "react";
import { Controller, type Path, useForm } from "react-hook-form";
import { placeProblem } from "@/lib/form-problem";
import { ApiError, explain } from "@/lib/problem";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import {
  AddressFields,
  KeyFields,
  MountField,
  type ProviderFormOf,
  SettingFields,
} from "@/ui/provider-fields";
import { ProviderKinds } from "@/ui/provider-kinds";
import {
  type Further,
  type Kind,
  type ProviderBody,
  placeOf,
  schemaFor,
  startValues,
  toBody,
  type Values,
} from "@/ui/provider-values";

type Props<P extends string> = {
  kinds: readonly Kind<P>[];
  /** Where the gateway is reached, to show what clients write into their base URL. */
  gatewayUrl: string;
  /** A further key of a mount that stands: nothing but the key is asked for. */
  mount?: Further;
  /** Rejects with the API's refusal; the form then says why at the right place. */
  onSubmit: (body: ProviderBody<P>) => Promise<unknown>;
  /** Further buttons, left of the main one. */
  actions?: ReactNode;
  className?: string;
};

/** A provider's key: goes in, is never shown again. */
export function ProviderForm<P extends string>(props: Props<P>) {
  const { kinds, gatewayUrl, mount, onSubmit, actions, className } = props;
  const form: ProviderFormOf = useForm<Values>({
    resolver: (values, context, options) =>
      zodResolver(schemaFor(kindOf(kinds, values.provider), Boolean(mount)))(
        values,
        context,
        options,
      ),
    defaultValues: startValues(mount?.provider ?? kinds[0]?.provider ?? "openai"),
  });
  const { errors, isSubmitting } = form.formState;
  const kind = kindOf(kinds, form.watch("provider"));

  const submit = form.handleSubmit(async (values) => {
    if (!kind) return;
    try {
      await onSubmit(toBody(values, kind, mount));
    } catch (error) {
      const place = error instanceof ApiError ? placeOf(error.problem.field, kind) : null;
      if (place) {
        const { title, detail } = explain(error);
        form.setError(place as Path<Values>, { message: detail || title });
      } else form.setError("root", { message: placeProblem(error, []).message });
    }
  });

  return (
    <form onSubmit={submit} noValidate className={className}>
      <div className="flex flex-col gap-4">
        {!mount && (
          <Controller
            control={form.control}
            name="provider"
            render={({ field }) => (
              <ProviderKinds
                kinds={kinds}
                value={field.value}
                onChange={(next) => {
                  form.clearErrors();
                  field.onChange(next);
                }}
              />
            )}
          />
        )}
        {!mount && kind && <NeededFields form={form} kind={kind} gatewayUrl={gatewayUrl} />}
        <Field
          label="API key"
          optional={kind?.keyless}
          error={errors.api_key?.message}
          hint="Stored encrypted on this machine. It is sent to the provider only and never shown again."
        >
          {(control) => (
            <Input
              type="password"
              autoComplete="off"
              className="font-mono"
              placeholder={LOOKS[kind?.provider ?? ""]}
              {...control}
              {...form.register("api_key")}
            />
          )}
        </Field>
        {mount ? (
          <KeyFields form={form} />
        ) : (
          kind && <MoreFields form={form} kind={kind} gatewayUrl={gatewayUrl} />
        )}
        <FormAlert>{errors.root?.message}</FormAlert>
      </div>
      <div className="mt-4 flex flex-wrap items-center justify-end gap-2">
        {actions}
        <Button type="submit" variant="primary" loading={isSubmitting}>
          {mount ? "Add key" : "Add provider"}
        </Button>
      </div>
    </form>
  );
}

type PartProps = { form: ProviderFormOf; kind: Kind; gatewayUrl: string };

/** What this kind cannot do without. */
function NeededFields({ form, kind, gatewayUrl }: PartProps) {
  return (
    <>
      {kind.provider === "compatible" && (
        <MountField form={form} kind={kind} gatewayUrl={gatewayUrl} />
      )}
      {kind.base_url === "" && <AddressFields form={form} kind={kind} />}
      <SettingFields form={form} kind={kind} required />
    </>
  );
}

/** What most people leave as it is: folded away. */
function MoreFields({ form, kind, gatewayUrl }: PartProps) {
  const { errors } = form.formState;
  const wrong = [errors.base_url, errors.mount, errors.name, errors.weight, errors.settings];
  return (
    <details open={wrong.some(Boolean) || undefined}>
      <summary className="w-fit text-muted text-sm hover:text-ink">
        {kind.base_url
          ? "Use another address, name or weight"
          : `${kind.settings.length > 0 ? "Settings, name" : "Name"} and weight`}
      </summary>
      <div className="mt-3 flex flex-col gap-4">
        {kind.base_url !== "" && <AddressFields form={form} kind={kind} />}
        <SettingFields form={form} kind={kind} required={false} />
        {kind.provider !== "compatible" && (
          <MountField form={form} kind={kind} gatewayUrl={gatewayUrl} />
        )}
        <KeyFields form={form} />
      </div>
    </details>
  );
}

/** How a key of a vendor begins. */
const LOOKS: Record<string, string> = {
  openai: "sk-…",
  anthropic: "sk-ant-…",
  gemini: "AIza…",
  groq: "gsk_…",
  openrouter: "sk-or-…",
  xai: "xai-…",
};

function kindOf<P extends string>(
  kinds: readonly Kind<P>[],
  provider: string,
): Kind<P> | undefined {
  return kinds.find((each) => each.provider === provider);
}
