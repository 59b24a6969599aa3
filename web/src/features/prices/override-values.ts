/** The form of a price of one's own: what it takes, and how it becomes what the API takes. */

import * as z from "zod/mini";
import type { Override, OverrideIn } from "@/api/price-types";
import { compare, decimal, minus, over, textOf, whole } from "@/lib/decimal";
import { checkedText, checkedWhole, type Found, requiredText } from "@/lib/schema";

export const KINDS = ["rates", "factor"] as const;

const day = checkedText((text) =>
  text === "" || !Number.isNaN(Date.parse(text)) ? null : "Choose a day.",
);

export const schema = z
  .object({
    provider: requiredText("Name the provider, or * for all.", 120),
    model: requiredText("Name the model. * at the end stands for anything.", 200),
    kind: z.enum(KINDS),
    rates: z.array(z.object({ unit: z.string(), rate: z.string() })),
    percent: z.string(),
    deployment: z.string(),
    project_id: z.string(),
    from: day,
    until: day,
    note: z.string(),
  })
  .check(checkedWhole((values) => problemsOf(values)));
export type Values = z.infer<typeof schema>;

/** What is wrong with the amounts and the dates, and where. */
export function problemsOf(values: Values): Found[] {
  const found = values.kind === "rates" ? rateProblems(values) : percentProblems(values);
  if (values.from && values.until && values.from >= values.until) {
    found.push({ path: ["until"], message: "It must end after it begins." });
  }
  return found;
}

function rateProblems({ rates }: Values): Found[] {
  const found = rates.flatMap(({ unit, rate }, index): Found[] => {
    const again = rates.findIndex((each) => each.unit === unit) < index;
    if (again) return [{ path: ["rates", index, "rate"], message: "This unit is named twice." }];
    const message = rateProblem(rate);
    return message ? [{ path: ["rates", index, "rate"], message }] : [];
  });
  if (rates.length === 0) found.push({ path: ["rates"], message: "Give one rate at least." });
  return found;
}

/** Why a text is no rate; null when it is one. */
export function rateProblem(text: string): string | null {
  const value = decimal(text);
  if (!value) return text.trim() === "" ? "Enter a rate." : "Write a plain number, such as 1.25.";
  return value.digits < 0n ? "A rate cannot be negative." : null;
}

function percentProblems({ percent }: Values): Found[] {
  const value = decimal(percent);
  if (!value) return [{ path: ["percent"], message: "Write a plain number, such as 15." }];
  if (compare(value, whole(100)) <= 0) return [];
  return [{ path: ["percent"], message: "More than 100% off would be a negative price." }];
}

/** 15 → "0.85". Only for a percentage that has no problem. */
export function factorOf(percent: string): string {
  const off = over(decimal(percent) ?? whole(0), whole(100));
  return textOf(minus(whole(1), off?.value ?? whole(0)));
}

/** "0.85" → "15". */
export function percentOf(factor: string): string {
  const left = minus(whole(1), decimal(factor) ?? whole(1));
  return textOf({ digits: left.digits * 100n, scale: left.scale });
}

/** `before`: the price that is changed; an instant within a day that was not touched is kept. */
export function toOverride(values: Values, before: Override | null = null): OverrideIn {
  const absolute = values.kind === "rates";
  return {
    provider: values.provider.trim(),
    model: values.model.trim(),
    deployment: values.deployment.trim() || null,
    project_id: values.project_id.trim() || null,
    from: toInstant(values.from, before?.from),
    until: toInstant(values.until, before?.until),
    rates: absolute
      ? Object.fromEntries(values.rates.map(({ unit, rate }) => [unit, rate.trim()]))
      : null,
    factor: absolute ? null : factorOf(values.percent),
    note: values.note.trim(),
  };
}

/** A day of the book begins at midnight UTC. */
function toInstant(text: string, before: string | null | undefined): string | null {
  if (before && before.slice(0, 10) === text) return before;
  return text ? `${text}T00:00:00Z` : null;
}

export type Start = { provider: string; model: string };

/** What the form starts from: a price that stands, or a provider and a model. */
export function startValues(start: Start, editing: Override | null): Values {
  const rates = editing?.rates ?? { input: "", output: "" };
  return {
    provider: editing?.provider ?? start.provider,
    model: editing?.model ?? start.model,
    kind: editing?.factor ? "factor" : "rates",
    rates: Object.entries(rates).map(([unit, rate]) => ({ unit, rate })),
    percent: editing?.factor ? percentOf(editing.factor) : "",
    deployment: editing?.deployment ?? "",
    project_id: editing?.project_id ?? "",
    from: editing?.from?.slice(0, 10) ?? "",
    until: editing?.until?.slice(0, 10) ?? "",
    note: editing?.note ?? "",
  };
}

const PLACES: Record<string, keyof Values> = {
  provider: "provider",
  model: "model",
  deployment: "deployment",
  project_id: "project_id",
  from: "from",
  until: "until",
  factor: "percent",
  note: "note",
};

/** Where the form shows what the API says of one of its fields (`rates.input`); else null. */
export function placeOf(field: string | null | undefined, values: Values): string | null {
  if (!field) return null;
  const unit = /^rates[.[]["']?([a-z0-9_]+)/.exec(field)?.[1];
  const row = unit ? values.rates.findIndex((each) => each.unit === unit) : -1;
  if (row >= 0) return `rates.${row}.rate`;
  if (field === "rates" && values.kind === "rates") return "rates.0.rate";
  return PLACES[field] ?? null;
}
