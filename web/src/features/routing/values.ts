/** The form of a route: what it takes, and how it becomes what the API takes. */

import * as z from "zod/mini";
import { type RouteIn, STRATEGIES } from "@/api/routing-types";
import { checkedText, checkedWhole, type Found, requiredText } from "@/lib/schema";

const MB = 1_048_576;
const MAX_TTL_S = 7 * 86_400;

export const TTL_UNITS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
export type TtlUnit = keyof typeof TTL_UNITS;
const UNIT_NAMES = ["seconds", "minutes", "hours", "days"] as const;

const list = z.array(z.string());
const wholeNumber = (least: number, most: number) =>
  checkedText((text) => wholeProblem(text, least, most));
const pause = checkedText((text) =>
  text.trim() === "0" ? null : secondsProblem(text, 1_800, false),
);
const wait = checkedText((text) => secondsProblem(text, 1_800, true));

export const schema = z
  .object({
    name: requiredText("Give the route a name."),
    enabled: z.boolean(),
    match: z.object({
      mounts: list,
      models: list,
      operations: list,
      projects: list,
      keys: list,
      features: list,
      environments: list,
    }),
    strategy: z.enum(STRATEGIES),
    targets: z.array(
      z.object({ mount: z.string(), model: z.string(), weight: wholeNumber(0, 1_000) }),
    ),
    tries: wholeNumber(1, 5),
    statuses: z.array(
      checkedText((text) => (/^[45]\d\d$/.test(text) ? null : `${text} is no status of an error.`)),
    ),
    connection: z.boolean(),
    lost: z.boolean(),
    backoff_s: pause,
    max_backoff_s: pause,
    max_wait_s: pause,
    connect_s: wait,
    first_byte_s: wait,
    idle_s: wait,
    disconnect: z.enum(["drain", "abort"]),
    cached: z.boolean(),
    ttl: z.string(),
    ttl_unit: z.enum(UNIT_NAMES),
    max_mb: z.string(),
    refuse_when_open: z.boolean(),
  })
  .check(checkedWhole((values) => problemsOf(values)));
export type Values = z.infer<typeof schema>;

/** What no field can see by itself. */
export function problemsOf(values: Values): Found[] {
  const found: Found[] = [];
  if (values.cached) {
    const longest = Math.floor(MAX_TTL_S / TTL_UNITS[values.ttl_unit]);
    const ttl = wholeProblem(values.ttl, 1, longest);
    if (ttl) found.push({ path: ["ttl"], message: ttl });
    const size = secondsProblem(values.max_mb, 8, false);
    if (size) found.push({ path: ["max_mb"], message: size });
  }
  const weights = values.targets.map(({ weight }) => Number(weight));
  if (values.strategy === "weighted" && weights.length > 0 && !weights.some((each) => each > 0)) {
    found.push({ path: ["targets", 0, "weight"], message: "One target at least needs a weight." });
  }
  values.targets.forEach(({ mount, model }, index) => {
    const first = values.targets.findIndex((each) => each.mount === mount && each.model === model);
    if (first < index) {
      const message = "This target is listed twice. To ask it again, raise the tries.";
      found.push({ path: ["targets", index, "mount"], message });
    }
  });
  return found;
}

export function wholeProblem(text: string, least: number, most: number): string | null {
  if (!/^\d+$/.test(text.trim())) return "Write a whole number.";
  const number = Number(text);
  return number < least || number > most
    ? `From ${least} to ${most.toLocaleString("en-US")}.`
    : null;
}

function secondsProblem(text: string, most: number, mayBeEmpty: boolean): string | null {
  if (text.trim() === "") return mayBeEmpty ? null : "Write a number.";
  if (!/^\d+(\.\d{1,3})?$/.test(text.trim())) return "Write a plain number, such as 2.5.";
  const number = Number(text);
  return number <= 0 || number > most
    ? `More than 0, up to ${most.toLocaleString("en-US")}.`
    : null;
}

/** What the form starts from. */
export function toValues(route: RouteIn): Values {
  const { retry, timeouts, cache } = route;
  return {
    name: route.name,
    enabled: route.enabled,
    match: { ...route.match },
    strategy: route.strategy,
    targets: route.targets.map(({ mount, model, weight }) => ({
      mount: mount ?? "",
      model: model ?? "",
      weight: String(weight),
    })),
    tries: String(retry.tries),
    statuses: retry.statuses.map(String),
    connection: retry.connection,
    lost: retry.lost,
    backoff_s: secondsOf(retry.backoff_ms),
    max_backoff_s: secondsOf(retry.max_backoff_ms),
    max_wait_s: secondsOf(retry.max_wait_ms),
    connect_s: secondsOf(timeouts.connect_ms),
    first_byte_s: secondsOf(timeouts.first_byte_ms),
    idle_s: secondsOf(timeouts.idle_ms),
    disconnect: route.disconnect,
    cached: cache !== null,
    ...ttlOf(cache?.ttl_s ?? 600),
    max_mb: String(Number(((cache?.max_bytes ?? MB) / MB).toFixed(3))),
    refuse_when_open: route.refuse_when_open,
  };
}

/** Only for values without a problem. */
export function toRoute(values: Values): RouteIn {
  return {
    name: values.name.trim(),
    enabled: values.enabled,
    match: { ...values.match },
    strategy: values.strategy,
    targets: values.targets.map(({ mount, model, weight }) => ({
      mount: mount || null,
      model: model.trim() || null,
      weight: Number(weight),
    })),
    retry: {
      tries: Number(values.tries),
      statuses: values.statuses.map(Number),
      connection: values.connection,
      lost: values.lost,
      backoff_ms: msOf(values.backoff_s) ?? 0,
      max_backoff_ms: msOf(values.max_backoff_s) ?? 0,
      max_wait_ms: msOf(values.max_wait_s) ?? 0,
    },
    timeouts: {
      connect_ms: msOf(values.connect_s),
      first_byte_ms: msOf(values.first_byte_s),
      idle_ms: msOf(values.idle_s),
    },
    disconnect: values.disconnect,
    cache: values.cached
      ? {
          ttl_s: Number(values.ttl) * TTL_UNITS[values.ttl_unit],
          max_bytes: Math.round(Number(values.max_mb) * MB),
        }
      : null,
    refuse_when_open: values.refuse_when_open,
  };
}

/** The draft as the API takes it; null while a field of it has a problem. */
export function draftOf(values: Values): RouteIn | null {
  const named = { ...values, name: values.name.trim() || "This draft" };
  return schema.safeParse(named).success ? toRoute(named) : null;
}

function secondsOf(ms: number | null): string {
  return ms === null ? "" : String(ms / 1000);
}

function msOf(text: string): number | null {
  return text.trim() === "" ? null : Math.round(Number(text) * 1000);
}

function ttlOf(seconds: number): { ttl: string; ttl_unit: TtlUnit } {
  const units = [...UNIT_NAMES].reverse();
  const unit = units.find((each) => seconds % TTL_UNITS[each] === 0) ?? "seconds";
  return { ttl: String(seconds / TTL_UNITS[unit]), ttl_unit: unit };
}
