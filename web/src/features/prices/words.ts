/** Conditions, dates and rates of the book in words. */

import type { BookRate, Conditions, Step } from "@/api/price-types";
import { compact, countExact, moneyExact } from "@/lib/format";
import { rateOf } from "@/lib/line-items";
import { day, timeOfDay } from "@/lib/time";
import { shortAddress } from "@/ui/external-link";

const KNOWN: Record<string, string> = {
  "processing=batch": "Batch",
  "service_tier=flex": "Flex",
  "service_tier=priority": "Priority",
  "service_tier=scale": "Scale tier",
  "speed=fast": "Fast mode",
};
const MOST_NAMED = 3;
const NAMES: Record<string, string> = {
  processing: "processing",
  service_tier: "service tier",
  speed: "speed",
  inference_geo: "inference geography",
  region: "region",
  host: "host",
  deployment_type: "deployment type",
};

/** "Batch", "Flex", "region eu or us". A surcharge needs one of its conditions, a way all of them. */
export function conditionWords(when: Conditions, joint: ", " | " or " = ", "): string {
  const parts = Object.entries(when).map(([key, value]) => {
    const values = Array.isArray(value) ? value : [value];
    const known = values.length === 1 ? KNOWN[`${key}=${values[0]}`] : undefined;
    if (values.length === 1 && values[0] === "*") return `any ${NAMES[key] ?? key}`;
    return known ?? `${NAMES[key] ?? key.replaceAll("_", " ")} ${listOf(values)}`;
  });
  return parts.join(joint);
}

function listOf(values: readonly string[]): string {
  if (values.length < 2) return values.join("");
  const more = values.length - MOST_NAMED;
  if (more > 1) return `${values.slice(0, MOST_NAMED).join(", ")} and ${more} more`;
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** Days of the book are UTC; the hour is said where it is not midnight. None: as long as is known. */
export function sinceWords(from: string | null | undefined): string {
  if (!from) return "always";
  const time = timeOfDay(from, "UTC");
  return time === "00:00" ? day(from, "UTC") : `${day(from, "UTC")}, ${time}`;
}

/** Calendars by the names people give them. */
export function scheduleWords(schedule: string | null): string | null {
  return schedule?.replace("cn-holidays", "Chinese holidays") ?? null;
}

/** Where a price of the list comes from; a price of one's own names its override. */
export function sourceWords(source: string): string {
  return source.startsWith("override ") ? "your price" : shortAddress(source);
}

/** "above 200k input tokens $2.50". */
export function stepWords({ tokens, rate_usd }: Step): string {
  return `above ${thousands(tokens)} ${moneyExact(rate_usd)}`;
}

/** 200000 → "200k", 199999 → "199,999". */
export function thousands(tokens: number): string {
  return tokens % 1000 === 0 ? compact(tokens) : countExact(tokens);
}

/** Head of a column: "Input", "Cached input", "Web searches / 1k". */
export function unitHead({ name, per }: Pick<BookRate, "name" | "per">): string {
  const short = name.replace(/ tokens$/, "");
  const head = short.slice(0, 1).toUpperCase() + short.slice(1);
  if (per === 1_000_000) return head;
  return per === 1 ? `${head}, each` : `${head} / ${compact(per)}`;
}

/** "$10.00 / 1k web searches". */
export function rateWords(rate: BookRate): string {
  return rate.per === 1 ? `${rateOf(rate)}, ${rate.name}` : `${rateOf(rate)} ${rate.name}`;
}

/** Rates by their unit, the first of several names that is there. */
export function rateFor(rates: readonly BookRate[], ...units: string[]): BookRate | undefined {
  return units.map((unit) => rates.find((rate) => rate.unit === unit)).find((found) => !!found);
}

/** `provider/model`, as it stands in an address, in its two parts. */
export function splitModel(text: string): { provider: string; model: string } {
  const [provider = "", ...rest] = text.split("/");
  return { provider, model: rest.join("/") };
}

/** The units of almost every bill, in its order. */
const CORE = [
  "input",
  "cache_read",
  "cache_write",
  "cache_write_5m",
  "cache_write_30m",
  "cache_write_1h",
  "cache_write_12h",
  "output",
];

export function isCore(unit: string): boolean {
  return CORE.includes(unit);
}

/** Units of a bill first, then the others as they come. */
export function inOrder<T extends { unit: string }>(rates: readonly T[]): T[] {
  const place = ({ unit }: T) => (isCore(unit) ? CORE.indexOf(unit) : CORE.length);
  return [...rates].sort((a, b) => place(a) - place(b));
}
