/** What providers said of their limits, as what is left of them now. */

import type { Limit } from "@/api/routing-types";
import { count } from "@/lib/format";

export type Room = {
  limit: Limit;
  /** What is left, 0 to 1; null where the provider told too little. */
  left: number | null;
  /** It has been reset since, or was seen too long ago to be relied on. */
  stale: boolean;
};

/** An answer that is older says little of a limit that counts by the minute. */
const FRESH_MS = 5 * 60_000;

/** The limits of one key, the tightest that is known first; stale ones last. */
export function roomsOf(limits: readonly Limit[], credential: string, now: number): Room[] {
  return limits
    .filter(({ credential_id }) => credential_id === credential)
    .map((limit) => ({ limit, left: leftOf(limit), stale: isStale(limit, now) }))
    .sort(
      (a, b) =>
        Number(a.stale) - Number(b.stale) ||
        (a.left ?? 2) - (b.left ?? 2) ||
        nameOf(a.limit).localeCompare(nameOf(b.limit)),
    );
}

/** The one that runs out first; null where nothing of late is known. */
export function tightest(rooms: readonly Room[]): Room | null {
  return rooms.find(({ left, stale }) => left !== null && !stale) ?? null;
}

export function leftOf({ limit, remaining, utilization }: Limit): number | null {
  if (utilization !== null) return clamp(1 - utilization);
  if (limit === null || remaining === null || limit <= 0) return null;
  return clamp(remaining / limit);
}

function isStale({ resets_at, observed_at, window_s }: Limit, now: number): boolean {
  if (resets_at !== null && Date.parse(resets_at) <= now) return true;
  return now - Date.parse(observed_at) > Math.max(FRESH_MS, (window_s ?? 0) * 1000);
}

const WINDOWS: Record<number, string> = {
  1: "per second",
  60: "per minute",
  3600: "per hour",
  18000: "per 5 hours",
  86400: "per day",
  604800: "per week",
  2592000: "per month",
};

/** "Input tokens per minute". */
export function nameOf({ dimension, window_s }: Pick<Limit, "dimension" | "window_s">): string {
  const words = dimension.replaceAll("_", " ").replaceAll("-", " ");
  const name = words.charAt(0).toUpperCase() + words.slice(1);
  const window = window_s === null ? "" : (WINDOWS[window_s] ?? `per ${window_s} s`);
  return window && !name.includes(" per ") ? `${name} ${window}` : name;
}

/** "12.3k of 30k left", "64% left". */
export function amountOf({ limit, remaining, utilization, status }: Limit): string {
  if (limit !== null && remaining !== null) return `${count(remaining)} of ${count(limit)} left`;
  if (utilization !== null) return `${Math.round((1 - utilization) * 100)}% left`;
  if (limit !== null) return `limit ${count(limit)}`;
  if (remaining !== null) return `${count(remaining)} left`;
  return status ?? "not told";
}

/** "resets in 42 s"; null when it is not known, or over. */
export function resetOf({ resets_at }: Pick<Limit, "resets_at">, now: number): string | null {
  if (resets_at === null) return null;
  const seconds = Math.ceil((Date.parse(resets_at) - now) / 1000);
  if (seconds <= 0) return null;
  if (seconds < 90) return `resets in ${seconds} s`;
  if (seconds < 5_400) return `resets in ${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `resets in ${Math.round(seconds / 3_600)} h`;
  return `resets in ${Math.round(seconds / 86_400)} d`;
}

const SOURCES: Record<Limit["source"], string> = {
  header: "told by the provider's answers",
  "429_body": "told by a refusal of the provider",
  admin_api: "told by the provider's account",
  estimate: "our own estimate",
};

export function sourceWords({ source }: Pick<Limit, "source">): string {
  return SOURCES[source];
}

function clamp(value: number): number {
  return Math.max(0, Math.min(1, value));
}
