import type { UseFormReturn } from "react-hook-form";
import { gatewayAddress } from "@/lib/gateway-address";
import { Checkbox } from "@/ui/checkbox";
import { CopyButton } from "@/ui/copy-button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import type { Kind, Values } from "@/ui/provider-values";

export type ProviderFormOf = UseFormReturn<Values>;
type Props = { form: ProviderFormOf; kind: Kind };

/** Where calls go; a private address must be allowed by hand. */
export function AddressFields({ form, kind }: Props) {
  const needed = kind.base_url === "";
  const problem = form.formState.errors.base_url?.message;
  const given = form.watch("base_url").trim() !== "";
  return (
    <div className="flex flex-col gap-3">
      <Field
        label="Base URL"
        optional={!needed}
        error={problem}
        hint={
          needed
            ? (ADDRESSES[kind.provider] ?? "As OpenAI's client takes it, with the version: …/v1")
            : `For a proxy or a compatible server. Default: ${kind.base_url}`
        }
      >
        {(control) => (
          <Input
            type="url"
            autoComplete="off"
            placeholder={kind.base_url || EXAMPLES[kind.provider] || "https://api.example.com/v1"}
            {...control}
            {...form.register("base_url")}
          />
        )}
      </Field>
      {(given || needed) && (
        <Checkbox
          label="This server is inside my own network"
          hint="Private addresses are refused unless you say so."
          {...form.register("allow_private")}
        />
      )}
    </div>
  );
}

/** What is asked for where it is not what OpenAI's client takes. */
const ADDRESSES: Record<string, string> = {
  azure: "The endpoint of your resource, without a path.",
};
const EXAMPLES: Record<string, string> = {
  azure: "https://my-resource.openai.azure.com",
  ollama: "http://127.0.0.1:11434/v1",
  vllm: "http://10.0.0.8:8000/v1",
};

/** What else the vendor's API needs, such as Azure's version. */
export function SettingFields({ form, kind, required }: Props & { required: boolean }) {
  return kind.settings
    .filter((setting) => (setting.required && !setting.default) === required)
    .map(({ name, label, default: usual }) => (
      <Field
        key={name}
        label={label}
        optional={!required}
        error={form.formState.errors.settings?.[name]?.message}
      >
        {(control) => (
          <Input
            autoComplete="off"
            placeholder={usual ?? undefined}
            {...control}
            {...form.register(`settings.${name}`)}
          />
        )}
      </Field>
    ));
}

/** The name at the gateway, and the address that clients write for it. */
export function MountField({ form, kind, gatewayUrl }: Props & { gatewayUrl: string }) {
  const own = kind.provider === "compatible";
  const typed = form.watch("mount").trim();
  const mount = typed || (own ? "" : kind.provider);
  const address = mount ? gatewayAddress(gatewayUrl, mount, kind.dialect) : "";
  return (
    <Field
      label="Name at the gateway"
      optional={!own}
      error={form.formState.errors.mount?.message}
      hint={
        address ? (
          <span className="flex flex-wrap items-center gap-x-1">
            Clients use <span className="id break-all text-ink">{address}</span>
            <CopyButton value={address} label="Copy the address for clients" />
          </span>
        ) : (
          "It becomes a part of the address that clients use."
        )
      }
    >
      {(control) => (
        <Input
          autoComplete="off"
          spellCheck={false}
          placeholder={own ? "my-vllm" : kind.provider}
          {...control}
          {...form.register("mount")}
        />
      )}
    </Field>
  );
}

/** To tell keys apart and to share calls among them. */
export function KeyFields({ form }: { form: ProviderFormOf }) {
  const { errors } = form.formState;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_96px] gap-3">
      <Field
        label="Name of the key"
        optional
        error={errors.name?.message}
        hint="To tell it from others: “billing account 2”."
      >
        {(control) => <Input autoComplete="off" {...control} {...form.register("name")} />}
      </Field>
      <Field label="Weight" error={errors.weight?.message}>
        {(control) => (
          <Input
            inputMode="numeric"
            autoComplete="off"
            className="num"
            {...control}
            {...form.register("weight")}
          />
        )}
      </Field>
    </div>
  );
}
