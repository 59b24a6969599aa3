/** The order of routes: the first that matches is followed. */

import type { Route, RouteMatch } from "@/api/routing-types";

/** The list with one of it moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, index) => index !== from);
  const one = list[from];
  if (one === undefined) return [...list];
  const place = Math.max(0, Math.min(rest.length, to));
  return [...rest.slice(0, place), one, ...rest.slice(place)];
}

/** The enabled route before this one that takes every call this one could take; null: there is none. */
export function shadowOf(routes: readonly Route[], index: number): Route | null {
  const route = routes[index];
  if (!route?.enabled) return null;
  const before = routes.slice(0, index).filter(({ enabled }) => enabled);
  return before.find(({ match }) => covers(match, route.match)) ?? null;
}

/** Whether whatever the second matches is matched by the first. */
function covers(wide: RouteMatch, narrow: RouteMatch): boolean {
  const lists = ["mounts", "operations", "projects", "keys", "features", "environments"] as const;
  return (
    lists.every((name) => holds(wide[name], narrow[name])) && modelsHeld(wide.models, narrow.models)
  );
}

function holds(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((each) => wide.includes(each));
}

function modelsHeld(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((name) => wide.some((each) => like(each, name)));
}

/** Whether a pattern, in which `*` is any text, holds a name (or a pattern that is no wider). */
function like(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}
