/** A route in one line that a person reads: what it takes, where that goes, what else holds. */

import type { Route, RouteIn, RouteMatch, RouteTarget, Strategy } from "@/api/routing-types";
import { sharesOf, shareWord } from "@/lib/share";

/** Names of what a route holds by its id; what is not among them is shown by its id. */
export type Names = { keys: ReadonlyMap<string, string> };
export const NO_NAMES: Names = { keys: new Map() };

export type RouteLine = { takes: string; goes: string; extras: string[] };
type Told = Pick<
  RouteIn,
  | "match"
  | "strategy"
  | "targets"
  | "retry"
  | "timeouts"
  | "disconnect"
  | "cache"
  | "refuse_when_open"
>;

/** "gpt-4o from project search" → "openai, then groq/llama-3.3-70b", "2 tries", "cached 10 min". */
export function lineOf(route: Told, names: Names = NO_NAMES): RouteLine {
  return {
    takes: takesWords(route.match, names),
    goes: goesWords(route.targets, route.strategy),
    extras: extraWords(route),
  };
}

/** The same as one text, to be searched and to be read aloud. */
export function textOf(route: Route, names: Names = NO_NAMES): string {
  const { takes, goes, extras } = lineOf(route, names);
  return [`${takes} → ${goes}`, ...extras].join(" · ");
}

export function takesWords(match: RouteMatch, names: Names): string {
  const { models, operations, mounts, projects, keys, features, environments } = match;
  const subject =
    models.length > 0
      ? either(models) + (operations.length > 0 ? ` (${either(operations.map(plain))})` : "")
      : operations.length > 0
        ? `every ${either(operations.map(plain))} call`
        : "every call";
  const parts = [
    mounts.length > 0 && `at ${either(mounts)}`,
    projects.length > 0 && `from project ${either(projects)}`,
    keys.length > 0 && `with key ${either(keys.map((id) => names.keys.get(id) ?? id))}`,
    features.length > 0 && `for ${either(features)}`,
    environments.length > 0 && `in ${either(environments)}`,
  ];
  return [subject, ...parts.filter(Boolean)].join(" ");
}

export function goesWords(targets: readonly RouteTarget[], strategy: Strategy): string {
  if (targets.length === 0) return "as asked";
  const names = targets.map(targetName);
  if (targets.length === 1) return names[0] ?? "";
  switch (strategy) {
    case "ordered":
      return names.join(", then ");
    case "weighted": {
      const shares = sharesOf(targets.map(({ weight }) => weight));
      return names.map((name, index) => `${shareWord(shares[index] ?? 0)} ${name}`).join(", ");
    }
    case "lowest_latency":
      return `the fastest of ${both(names)}`;
    case "lowest_cost":
      return `the cheapest of ${both(names)}`;
  }
}

/** "openai", "groq/llama-3.3-70b"; a model alone stays with the provider that was asked. */
export function targetName({ mount, model }: Pick<RouteTarget, "mount" | "model">): string {
  if (mount && model) return `${mount}/${model}`;
  return mount ?? model ?? "what was asked";
}

function extraWords(route: Told): string[] {
  const { retry, timeouts, disconnect, cache, refuse_when_open } = route;
  const within = [timeouts.connect_ms, timeouts.first_byte_ms, timeouts.idle_ms];
  return [
    retry.tries > 1 && `${retry.tries} tries`,
    timeouts.first_byte_ms !== null
      ? `first byte within ${span(timeouts.first_byte_ms / 1000)}`
      : within.some((each) => each !== null) && "own timeouts",
    disconnect === "abort" && "stops with its client",
    cache && `cached ${span(cache.ttl_s)}`,
    refuse_when_open && "refused while paused",
  ].filter((each): each is string => Boolean(each));
}

const STEPS: [number, string, string][] = [
  [86_400, "day", "days"],
  [3_600, "h", "h"],
  [60, "min", "min"],
];

/** "90 s", "10 min", "1 day": the largest unit that needs no fraction. */
export function span(seconds: number): string {
  const step = STEPS.find(([size]) => seconds >= size && seconds % size === 0);
  if (!step) return `${seconds} s`;
  const [size, one, many] = step;
  const number = seconds / size;
  return `${number} ${number === 1 ? one : many}`;
}

const MOST_NAMED = 3;

function either(names: readonly string[]): string {
  return listed(names, "or");
}

function both(names: readonly string[]): string {
  return listed(names, "and");
}

function listed(names: readonly string[], joint: string): string {
  const more = names.length - MOST_NAMED;
  const told = more > 0 ? [...names.slice(0, MOST_NAMED), `${more} more`] : names;
  if (told.length < 2) return told.join("");
  return `${told.slice(0, -1).join(", ")} ${joint} ${told.at(-1)}`;
}

function plain(operation: string): string {
  return operation.replaceAll("_", " ");
}
