/** The date range of a page: a rolling preset or two instants. Its home is the URL. */

import { day, type Grain, timeOfDay } from "@/lib/time";

export const PRESETS = ["24h", "7d", "30d", "90d"] as const;
export type Preset = (typeof PRESETS)[number];
/** Half-open, RFC 3339 UTC. */
export type Span = { from: string; to: string };
export type Period = { last: Preset } | Span;
export type PeriodSearch = { range?: Preset; from?: string; to?: string };

export const DEFAULT_PRESET: Preset = "7d";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LENGTH: Record<Preset, number> = {
  "24h": DAY,
  "7d": 7 * DAY,
  "30d": 30 * DAY,
  "90d": 90 * DAY,
};

export const PRESET_LABELS: Record<Preset, string> = {
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
};

export function isPreset(value: unknown): value is Preset {
  return PRESETS.some((preset) => preset === value);
}

/** Read the period out of URL search values; what makes no sense is dropped. */
export function readPeriod(search: Record<string, unknown>): PeriodSearch {
  const from = readInstant(search.from);
  const to = readInstant(search.to);
  const preset = isPreset(search.range) && search.range !== DEFAULT_PRESET;
  const range = preset ? { range: search.range as Preset } : {};
  return from && to && from < to ? { ...range, from, to } : range;
}

function readInstant(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** The two instants win; a preset beside them is where a zoom leads back to. */
export function toPeriod(search: PeriodSearch): Period {
  if (search.from && search.to) return { from: search.from, to: search.to };
  return { last: search.range ?? DEFAULT_PRESET };
}

export function toPeriodSearch(period: Period): PeriodSearch {
  if ("from" in period) return { range: undefined, from: period.from, to: period.to };
  const range = period.last === DEFAULT_PRESET ? undefined : period.last;
  return { range, from: undefined, to: undefined };
}

/** Length in milliseconds. */
export function lengthOf(period: Period): number {
  if ("last" in period) return LENGTH[period.last];
  return new Date(period.to).getTime() - new Date(period.from).getTime();
}

/** The instants a period covers, seen from `now`. */
export function resolve(period: Period, now: number): Span {
  if ("from" in period) return period;
  return {
    from: new Date(now - LENGTH[period.last]).toISOString(),
    to: new Date(now).toISOString(),
  };
}

/** Buckets fine enough to see a rhythm, few enough to tell apart (24 to 92 of them, as a rule). */
export function grainFor(period: Period): Grain {
  const length = lengthOf(period);
  if (length <= 3 * DAY) return "hour";
  if (length <= 125 * DAY) return "day";
  if (length <= 740 * DAY) return "week";
  return "month";
}

/** The grains worth offering for a period: between 2 and 400 buckets. */
export function grainsFor(period: Period): Grain[] {
  const length = lengthOf(period);
  const sizes: [Grain, number][] = [
    ["hour", HOUR],
    ["day", DAY],
    ["week", 7 * DAY],
    ["month", 30 * DAY],
  ];
  return sizes
    .filter(([, size]) => length / size >= 2 && length / size <= 400)
    .map(([grain]) => grain);
}

export function labelOf(period: Period, zone: string): string {
  if ("last" in period) return PRESET_LABELS[period.last];
  const { from, to } = period;
  if (!isMidnight(from, zone) || !isMidnight(to, zone)) return hoursLabel(period, zone);
  const last = day(new Date(to).getTime() - 1, zone);
  return day(from, zone) === last ? last : `${day(from, zone)} – ${last}`;
}

function hoursLabel({ from, to }: Span, zone: string): string {
  if (day(from, zone) === day(to, zone)) {
    return `${day(from, zone)}, ${timeOfDay(from, zone)}–${timeOfDay(to, zone)}`;
  }
  return `${day(from, zone)} ${timeOfDay(from, zone)} – ${day(to, zone)} ${timeOfDay(to, zone)}`;
}

function isMidnight(at: string, zone: string): boolean {
  return timeOfDay(at, zone) === "00:00";
}

/** Words for "against what": `vs previous 7 days`. */
export function previousLabel(period: Period): string {
  const length = lengthOf(period);
  if (length < 2 * DAY) return `vs previous ${Math.max(1, Math.round(length / HOUR))} h`;
  return `vs previous ${Math.round(length / DAY)} days`;
}

/** The instant of local midnight that begins a calendar day in `zone`. */
export function startOfDay(year: number, month: number, date: number, zone: string): Date {
  const guess = Date.UTC(year, month, date);
  // Twice: the first correction may land on the other side of a clock change.
  const once = guess - offset(guess, zone);
  return new Date(guess - offset(once, zone));
}

/** The zone's offset from UTC in milliseconds at an instant. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return local - Math.floor(at / 1000) * 1000;
}

/** Calendar days picked in a date picker (both inclusive) as a period in the workspace's zone. */
export function spanOfDays(first: Date, last: Date, zone: string): Span {
  const from = startOfDay(first.getFullYear(), first.getMonth(), first.getDate(), zone);
  const to = startOfDay(last.getFullYear(), last.getMonth(), last.getDate() + 1, zone);
  return { from: from.toISOString(), to: to.toISOString() };
}
