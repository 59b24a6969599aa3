/** The form of a provider's key: what it takes, and how it becomes what the API takes. */

import * as z from "zod/mini";
import { checkedText } from "@/lib/schema";

export type Kind<P extends string = string> = {
  provider: P;
  label: string;
  /** Empty: the vendor has no address that is the same for all. */
  base_url: string;
  dialect: string;
  keyless: boolean;
  settings: readonly Setting[];
};
export type Setting = { name: string; label: string; default?: string | null; required: boolean };

export type ProviderBody<P extends string = string> = {
  provider: P;
  api_key?: string;
  name?: string;
  mount?: string;
  weight?: number;
  base_url?: string;
  settings?: Record<string, string>;
  allow_private?: boolean;
};

/** A mount that stands and takes a further key: where its first one goes, the next one goes too. */
export type Further = {
  name: string;
  provider: string;
  base_url: string;
  allow_private: boolean;
  settings: Record<string, string>;
};

export type Values = {
  provider: string;
  api_key: string;
  mount: string;
  name: string;
  weight: string;
  base_url: string;
  allow_private: boolean;
  settings: Record<string, string>;
};

export function startValues(provider: string): Values {
  return {
    provider,
    api_key: "",
    mount: "",
    name: "",
    weight: "1",
    base_url: "",
    allow_private: false,
    settings: {},
  };
}

/** What a kind takes; `further`: another key of a mount that stands. */
export function schemaFor(kind: Kind | undefined, further: boolean) {
  const needsKey = !kind?.keyless;
  const needsAddress = !further && kind?.base_url === "";
  const needsMount = !further && kind?.provider === "compatible";
  return z
    .object({
      provider: z.string(),
      api_key: checkedText((text) => keyProblem(text, needsKey)),
      mount: checkedText((text) => mountProblem(text, needsMount)),
      name: checkedText((text) => (text.trim().length > 80 ? "At most 80 characters." : null)),
      weight: checkedText(weightProblem),
      base_url: checkedText((text) => addressProblem(text, needsAddress)),
      allow_private: z.boolean(),
      settings: z.record(z.string(), z.string()),
    })
    .check(
      z.superRefine((values, context) => {
        if (further) return;
        for (const { name, label, required, default: usual } of kind?.settings ?? []) {
          if (!required || usual || values.settings[name]?.trim()) continue;
          const message = `${label} is needed.`;
          context.addIssue({ code: "custom", path: ["settings", name], message });
        }
      }),
    );
}

function keyProblem(text: string, needed: boolean): string | null {
  if (text.trim() === "") return needed ? "Paste the provider's API key." : null;
  return text.length > 1000 ? "At most 1000 characters." : null;
}

export function mountProblem(text: string, needed: boolean): string | null {
  const name = text.trim();
  if (name === "") return needed ? "Give it a name; it becomes a part of the address." : null;
  return /^[a-z0-9][a-z0-9-]{0,31}$/.test(name)
    ? null
    : "Up to 32 small letters, digits and dashes, such as my-vllm.";
}

export function weightProblem(text: string): string | null {
  return /^\d{1,4}$/.test(text.trim()) && Number(text) <= 1000
    ? null
    : "A whole number from 0 to 1000.";
}

function addressProblem(text: string, needed: boolean): string | null {
  if (text.trim() === "") return needed ? "Enter the address of its API." : null;
  return URL.canParse(text) ? null : "Enter a full URL with https://.";
}

/** Only for values without a problem; what was left as it is, is not sent. */
export function toBody<P extends string>(
  values: Values,
  kind: Kind<P>,
  mount?: Further,
): ProviderBody<P> {
  const body: ProviderBody<P> = { provider: kind.provider };
  const key = values.api_key.trim();
  if (key) body.api_key = key;
  if (values.name.trim()) body.name = values.name.trim();
  if (Number(values.weight) !== 1) body.weight = Number(values.weight);
  if (mount) {
    body.mount = mount.name;
    if (mount.base_url !== kind.base_url) body.base_url = mount.base_url;
    if (mount.allow_private) body.allow_private = true;
    if (Object.keys(mount.settings).length > 0) body.settings = mount.settings;
    return body;
  }
  if (values.mount.trim()) body.mount = values.mount.trim();
  if (values.base_url.trim()) {
    body.base_url = values.base_url.trim();
    body.allow_private = values.allow_private;
  }
  const names = kind.settings.map(({ name }) => name);
  const given = names.flatMap((name) => {
    const value = values.settings[name]?.trim();
    return value ? [[name, value] as const] : [];
  });
  if (given.length > 0) body.settings = Object.fromEntries(given);
  return body;
}

const OWN = ["api_key", "mount", "name", "weight", "base_url"];

/** Where the form shows what the API says of one of its fields; null: above the button. */
export function placeOf(field: string | null | undefined, kind: Kind | undefined): string | null {
  if (!field) return null;
  const setting = /^settings\.(.+)$/.exec(field)?.[1];
  if (setting) return kind?.settings.some(({ name }) => name === setting) ? field : null;
  return OWN.includes(field) ? field : null;
}
