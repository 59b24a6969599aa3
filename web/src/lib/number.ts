import type { Cell } from "@/lib/format";

/**
 * A cell as a float, for what is drawn or compared: a pixel is coarser than the error. Money is only
 * ever shown from its text.
 */
export function toNumber(value: Cell): number | null {
  if (value === null || value === undefined || value === "" || typeof value === "boolean")
    return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** The sum of what is known; null when nothing is. */
export function sumOfKnown(...values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
}
