/** What a gateway key may do: the form of it, and its words in a table. */

import * as z from "zod/mini";
import type { ApiKey, KeyRules } from "@/api/keys";
import { count } from "@/lib/format";
import { checkedText, requiredText } from "@/lib/schema";

const MOST = 1_000_000_000;
const limit = checkedText((text) => {
  if (text.trim() === "") return null;
  if (!/^\d+$/.test(text.trim())) return "Write a whole number, or nothing for no limit.";
  return Number(text) < 1 || Number(text) > MOST ? "From 1 to 1,000,000,000." : null;
});
const short = checkedText((text) => (text.length > 200 ? "At most 200 characters." : null));

export const rulesSchema = {
  models: z.array(z.string()),
  mounts: z.array(z.string()),
  requests_per_minute: limit,
  tokens_per_minute: limit,
  byok: z.boolean(),
  environment: short,
  defaults: z.object({
    user: short,
    team: short,
    session: short,
    feature: short,
    prompt: short,
    tags: z.array(checkedText((text) => (/^[^=]+=.+$/.test(text) ? null : `Write ${text}=value.`))),
  }),
};
export const editSchema = z.object({
  name: requiredText("Give the key a name."),
  ...rulesSchema,
});
export type RuleValues = Omit<z.infer<typeof editSchema>, "name">;

export const NO_RULES: RuleValues = {
  models: [],
  mounts: [],
  requests_per_minute: "",
  tokens_per_minute: "",
  byok: true,
  environment: "",
  defaults: { user: "", team: "", session: "", feature: "", prompt: "", tags: [] },
};

export function toRuleValues(key: KeyRules): RuleValues {
  const { defaults } = key;
  return {
    models: key.models,
    mounts: key.mounts,
    requests_per_minute: textOf(key.requests_per_minute),
    tokens_per_minute: textOf(key.tokens_per_minute),
    byok: key.byok,
    environment: key.environment ?? "",
    defaults: {
      user: defaults.user ?? "",
      team: defaults.team ?? "",
      session: defaults.session ?? "",
      feature: defaults.feature ?? "",
      prompt: defaults.prompt ?? "",
      tags: Object.entries(defaults.tags).map(([name, value]) => `${name}=${value}`),
    },
  };
}

/** Only for values without a problem. */
export function toRules(values: RuleValues): KeyRules {
  const { defaults } = values;
  return {
    models: values.models,
    mounts: values.mounts,
    requests_per_minute: numberOf(values.requests_per_minute),
    tokens_per_minute: numberOf(values.tokens_per_minute),
    byok: values.byok,
    environment: values.environment.trim() || null,
    defaults: {
      user: defaults.user.trim() || null,
      team: defaults.team.trim() || null,
      session: defaults.session.trim() || null,
      feature: defaults.feature.trim() || null,
      prompt: defaults.prompt.trim() || null,
      tags: Object.fromEntries(defaults.tags.map(tagOf)),
    },
  };
}

/** What a key may do, in few words: "gpt-4o*", "60 requests/min"; none where it may do all. */
export function ruleWords(key: KeyRules): string[] {
  const { models, mounts, requests_per_minute, tokens_per_minute, defaults } = key;
  const given = [defaults.feature, defaults.team, defaults.user, ...Object.keys(defaults.tags)];
  return [
    models.length > 0 && listed(models),
    mounts.length > 0 && `at ${listed(mounts)}`,
    requests_per_minute !== null && `${count(requests_per_minute)} requests/min`,
    tokens_per_minute !== null && `${count(tokens_per_minute)} tokens/min`,
    !key.byok && "no keys of callers",
    key.environment,
    given.some(Boolean) && "with defaults",
  ].filter((each): each is string => Boolean(each));
}

/** Everything behind the few words, a line each. */
export function ruleLines(key: ApiKey): string[] {
  const { models, mounts, defaults } = key;
  const named = (["user", "team", "session", "feature", "prompt"] as const).flatMap((name) =>
    defaults[name] ? [`${name} ${defaults[name]}`] : [],
  );
  const tags = Object.entries(defaults.tags).map(([name, value]) => `${name}=${value}`);
  const given = [...named, ...tags];
  return [
    models.length > 0 ? `Models: ${models.join(", ")}` : "Every model",
    mounts.length > 0 ? `Providers: ${mounts.join(", ")}` : "Every provider",
    key.byok ? "Callers may bring their own provider key" : "Callers may not bring a provider key",
    ...(given.length > 0 ? [`Where a call says nothing: ${given.join(", ")}`] : []),
  ];
}

const FIELDS = /^(name|kind|models|mounts|requests_per_minute|tokens_per_minute|byok|environment)$/;

/** Where the form shows what the API says of one of its fields; null: above the button. */
export function placeOf(field: string | null | undefined): string | null {
  if (!field) return null;
  const known = field.replace(/^(models|mounts)[.[]\d+\]?$/, "$1");
  if (FIELDS.test(known)) return known;
  if (/^defaults\.tags\b/.test(known)) return "defaults.tags";
  return /^defaults\.(user|team|session|feature|prompt)$/.test(known) ? known : null;
}

function listed(names: readonly string[]): string {
  const [first = ""] = names;
  return names.length > 2 ? `${first} and ${names.length - 1} more` : names.join(" and ");
}

function tagOf(text: string): [string, string] {
  const cut = text.indexOf("=");
  return [text.slice(0, cut).trim(), text.slice(cut + 1).trim()];
}

function numberOf(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}

function textOf(number: number | null): string {
  return number === null ? "" : String(number);
}
