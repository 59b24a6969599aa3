/** Where the ticks go. */

import { bucketStart } from "@/lib/buckets";
import { formatValue, type Unit } from "@/lib/format";
import type { Grain } from "@/lib/time";

/** Round steps from zero that cover `max` in about `wanted` steps; the last tick is the top. */
export function niceTicks(max: number, wanted = 4): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const size = step ?? power * 10;
  const steps = Math.max(1, Math.ceil(max / size - 1e-9));
  // Multiply, never add up: 0.1 + 0.2 must not show as 0.30000000000000004.
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * size).toPrecision(12)));
}

/**
 * Of the bucket starts, those that carry a label: at most `most`, evenly spaced, on round hours of
 * the day where buckets are hours, and on the first of a week or month where that fits.
 */
export function pickTicks(starts: number[], grain: Grain, zone: string, most: number): number[] {
  if (starts.length <= most) return starts;
  if (grain === "hour") {
    for (const hours of [2, 3, 4, 6, 12]) {
      const picked = starts.filter((at) => hourOfDay(at, zone) % hours === 0);
      if (picked.length <= most) return picked;
    }
    return every(
      starts.filter((at) => hourOfDay(at, zone) === 0),
      most,
    );
  }
  return every(starts, most);
}

function hourOfDay(at: number, zone: string): number {
  return Math.round((at - bucketStart(at, "day", zone)) / 3_600_000);
}

/** Evenly spaced, counted from the newest so that the end of the axis is always labelled. */
function every(starts: number[], most: number): number[] {
  const step = Math.max(1, Math.ceil(starts.length / most));
  return starts.filter((_, index) => (starts.length - 1 - index) % step === 0);
}

/** A tick of the value axis: no zeros after the point, except in cents. */
export function tickLabel(unit: Unit, value: number): string {
  const text = formatValue(unit, value).replace(/\.0+(?=\D*$)/, "");
  return unit === "usd" ? text : text.replace(/(\.\d*?)0+(?=\D*$)/, "$1");
}
