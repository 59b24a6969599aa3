/**
 * URL search strings as people would write them: `?range=30d&model=gpt-4o&model=gpt-4o-mini`. A key
 * that occurs twice is a list; empty values are dropped.
 */

export type Search = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): Search {
  const found: Search = {};
  for (const [key, value] of new URLSearchParams(text)) {
    if (value === "") continue;
    const before = found[key];
    if (before === undefined) found[key] = value;
    else found[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === undefined || each === null || each === "") continue;
      params.append(key, String(each));
    }
  }
  // Colons need no escape in a query and instants read better with them.
  const text = params.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

/** One value of a known set, else undefined. */
export function readOne<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === value);
}

/** A non-empty string, else undefined. */
export function readText(value: unknown): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Zero or more strings; undefined when none. */
export function readList(value: unknown): string[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).filter(
    (each): each is string => typeof each === "string" && each !== "",
  );
  return list.length > 0 ? [...new Set(list)] : undefined;
}
