/** Local buckets of time in a zone. Weeks begin on Monday. */

import { startOfDay } from "@/lib/period";
import type { Grain } from "@/lib/time";

const HOUR = 3_600_000;

/** The local bucket that holds an instant. */
export function bucketStart(at: number, grain: Grain, zone: string): number {
  const { year, month, date, weekday } = localDay(at, zone);
  switch (grain) {
    case "hour": {
      const midnight = startOfDay(year, month, date, zone).getTime();
      return midnight + Math.floor((at - midnight) / HOUR) * HOUR;
    }
    case "day":
      return startOfDay(year, month, date, zone).getTime();
    case "week":
      return startOfDay(year, month, date - ((weekday + 6) % 7), zone).getTime();
    case "month":
      return startOfDay(year, month, 1, zone).getTime();
  }
}

/** The start of the bucket after the one that begins at `start`; also its end. */
export function nextBucket(start: number, grain: Grain, zone: string): number {
  if (grain === "hour") return start + HOUR;
  const { year, month, date } = localDay(start, zone);
  if (grain === "month") return startOfDay(year, month + 1, 1, zone).getTime();
  return startOfDay(year, month, date + (grain === "week" ? 7 : 1), zone).getTime();
}

type LocalDay = { year: number; month: number; date: number; weekday: number };

const formats = new Map<string, Intl.DateTimeFormat>();

function localDay(at: number, zone: string): LocalDay {
  let format = formats.get(zone);
  if (!format) {
    const options = { year: "numeric", month: "numeric", day: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options });
    formats.set(zone, format);
  }
  const parts = format.formatToParts(at);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  const [year, month, date] = [part("year"), part("month") - 1, part("day")];
  return { year, month, date, weekday: new Date(Date.UTC(year, month, date)).getUTCDay() };
}
