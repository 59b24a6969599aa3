/**
 * Every number on a screen passes through here. Money arrives as a decimal string and is rounded by
 * Intl from that string, never by way of a binary float.
 */

export type Unit = "usd" | "tokens" | "count" | "ratio" | "ms" | "per_second" | "time" | "text";
export type Cell = string | number | boolean | null | undefined;

export const NONE = "–";
const LOCALE = "en-US";

const signs = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 4 });
const cents = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const three = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });
/** Scaled numbers keep their zeros (`1.10M`, `25.0 s`), so that a column of them lines up. */
const scaled = new Intl.NumberFormat(LOCALE, {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});
const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** `formatter.format` of an exact decimal string; the DOM types know only numeric literals. */
function formatDecimal(formatter: Intl.NumberFormat, value: string | number): string {
  return formatter.format(value as Intl.StringNumericLiteral | number);
}

function isNumeric(value: Cell): value is string | number {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "string" && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value);
}

/** `$0.002413`, `$12.34`, `$1,234`, `$12.3k`. */
export function money(value: Cell): string {
  if (!isNumeric(value)) return NONE;
  const text = String(value);
  const negative = text.startsWith("-");
  const size = negative ? text.slice(1) : text;
  return `${negative ? "−" : ""}$${moneySize(size)}`;
}

function moneySize(size: string): string {
  const scale = Number(size);
  if (scale === 0) return "0.00";
  if (scale < 0.999995) {
    const [units = "0", fraction = ""] = formatDecimal(signs, size).split(".");
    return `${units}.${fraction.padEnd(2, "0")}`;
  }
  if (scale < 999.995) return formatDecimal(cents, size);
  if (scale < 9_999.5) return formatDecimal(whole, size);
  return shortened(scale);
}

/** Every digit of an amount, at least two decimals: for the tooltip behind a rounded dollar. */
export function moneyExact(value: Cell): string {
  if (!isNumeric(value)) return NONE;
  const text = plainDecimal(String(value));
  const negative = text.startsWith("-");
  const [units = "0", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(2, "0");
  return `${negative ? "−" : ""}$${BigInt(units).toLocaleString(LOCALE)}.${kept}`;
}

function plainDecimal(text: string): string {
  if (!/e/i.test(text)) return text;
  return Number(text).toFixed(12);
}

/** `200k`, `1M`, without superfluous zeros. */
export function compact(size: number): string {
  return shortened(size)
    .replace(/(\.\d*?)0+(?=\D*$)/, "$1")
    .replace(/\.(?=\D*$)/, "");
}

function shortened(size: number): string {
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [step, suffix] of steps) {
    // 999,950 would round to "1,000k": let it reach the next step.
    if (size >= step * 0.9995) return `${formatThree(size / step)}${suffix}`;
  }
  return formatThree(size);
}

function formatThree(value: number): string {
  return value >= 100 ? whole.format(value) : scaled.format(value);
}

/** Counts and tokens: `9,999` in full, then `12.3k`, `1.24M`. */
export function count(value: Cell): string {
  if (!isNumeric(value)) return NONE;
  const number = Number(value);
  const size = Math.abs(number);
  const text =
    size < 9_999.5 ? (size < 100 ? three.format(size) : whole.format(size)) : shortened(size);
  return number < 0 ? `−${text}` : text;
}

export function countExact(value: Cell): string {
  return isNumeric(value) ? formatDecimal(new Intl.NumberFormat(LOCALE), value) : NONE;
}

/** Milliseconds to 999 ms, then `1.24 s`, then `2 min 05 s`. */
export function duration(ms: Cell): string {
  if (!isNumeric(ms)) return NONE;
  const value = Number(ms);
  if (value < 0) return NONE;
  if (value === 0) return "0 ms";
  if (value < 0.05) return "<0.1 ms";
  if (value < 1) return `${value.toFixed(1)} ms`;
  if (value < 999.5) return `${Math.round(value)} ms`;
  if (value < 59_950) return `${scaled.format(value / 1000)} s`;
  const seconds = Math.round(value / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  return `${minutes} min ${pad(seconds % 60)} s`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** A ratio as a percentage with one decimal; what is not whole never reads as 0 or 100. */
export function percent(ratio: Cell): string {
  if (!isNumeric(ratio)) return NONE;
  const value = Number(ratio) * 100;
  if (value === 0 || value === 100) return `${value}%`;
  if (value > 99.95 && value < 100) return ">99.9%";
  if (value > 0 && value < 0.05) return "<0.1%";
  return `${value < 0 ? "−" : ""}${one.format(Math.abs(value))}%`;
}

/** Format a cell by the unit of its column. */
export function formatValue(unit: Unit, value: Cell): string {
  switch (unit) {
    case "usd":
      return money(value);
    case "tokens":
    case "count":
      return count(value);
    case "ratio":
      return percent(value);
    case "ms":
      return duration(value);
    case "per_second":
      return isNumeric(value) ? `${count(value)}/s` : NONE;
    case "time":
    case "text":
      return value === null || value === undefined || value === "" ? NONE : String(value);
  }
}

/** The unrounded value for a tooltip. */
export function formatExact(unit: Unit, value: Cell): string {
  switch (unit) {
    case "usd":
      return moneyExact(value);
    case "tokens":
    case "count":
      return countExact(value);
    case "ms":
      return isNumeric(value) ? `${countExact(value)} ms` : NONE;
    case "ratio":
      return isNumeric(value) ? `${formatDecimal(signs, Number(value) * 100)}%` : NONE;
    default:
      return formatValue(unit, value);
  }
}
