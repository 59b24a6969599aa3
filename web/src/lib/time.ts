/** Instants as people read them, in the workspace's zone. Inputs are RFC 3339 strings or epoch ms. */

import { NONE } from "@/lib/format";

export const GRAINS = ["hour", "day", "week", "month"] as const;
export type Grain = (typeof GRAINS)[number];
type Instant = string | number | Date | null | undefined;

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    formats.set(key, found);
  }
  return found;
}

function toDate(value: Instant): Date | null {
  if (value === null || value === undefined) return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** `20 Nov 2026, 14:03:22 CET`. */
export function instant(value: Instant, zone: string): string {
  const date = toDate(value);
  if (!date) return NONE;
  return format(zone, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  }).format(date);
}

/** `20 Nov, 14:03:22`. */
export function clock(value: Instant, zone: string): string {
  const date = toDate(value);
  if (!date) return NONE;
  return format(zone, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(date);
}

/** `20 Nov 2026`. */
export function day(value: Instant, zone: string): string {
  const date = toDate(value);
  if (!date) return NONE;
  return format(zone, { day: "numeric", month: "short", year: "numeric" }).format(date);
}

/** `14:03`, or `14:03:22`. */
export function timeOfDay(value: Instant, zone: string, seconds = false): string {
  const date = toDate(value);
  if (!date) return NONE;
  const second = seconds ? ({ second: "2-digit" } as const) : {};
  return format(zone, { hour: "2-digit", minute: "2-digit", ...second }).format(date);
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`, then the date. */
export function relative(value: Instant, now: number, zone: string): string {
  const date = toDate(value);
  if (!date) return NONE;
  const seconds = Math.round((now - date.getTime()) / 1000);
  if (seconds < -60) return day(date, zone);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  return day(date, zone);
}

/** Axis label of a bucket. */
export function bucketTick(start: Instant, grain: Grain, zone: string): string {
  const date = toDate(start);
  if (!date) return NONE;
  if (grain === "hour") {
    const hour = timeOfDay(date, zone);
    return hour === "00:00" ? format(zone, { day: "numeric", month: "short" }).format(date) : hour;
  }
  if (grain === "month") return format(zone, { month: "short", year: "numeric" }).format(date);
  return format(zone, { day: "numeric", month: "short" }).format(date);
}

/** Full name of a bucket, for a tooltip; `end` is where the next one begins. */
export function bucketTitle(start: Instant, end: Instant, grain: Grain, zone: string): string {
  const date = toDate(start);
  if (!date) return NONE;
  const weekday = format(zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  switch (grain) {
    case "hour":
      return `${weekday.format(date)}, ${timeOfDay(date, zone)}–${timeOfDay(end, zone)}`;
    case "day":
      return weekday.format(date);
    case "week": {
      const last = new Date((toDate(end) ?? date).getTime() - 1);
      return `${format(zone, { day: "numeric", month: "short" }).format(date)} – ${day(last, zone)}`;
    }
    case "month":
      return format(zone, { month: "long", year: "numeric" }).format(date);
  }
}
