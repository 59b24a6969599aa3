/** Exact decimals: rates and amounts are texts and never pass through a binary float. */

/** `digits × 10^-scale`. */
export type Decimal = { digits: bigint; scale: number };

const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Null for anything but plain digits with at most one point. */
export function decimal(text: string): Decimal | null {
  const [, sign, units, fraction = ""] = PLAIN.exec(text.trim()) ?? [];
  if (units === undefined) return null;
  const size = BigInt(units + fraction);
  return { digits: sign ? -size : size, scale: fraction.length };
}

export function whole(count: number): Decimal {
  return { digits: BigInt(Math.round(count)), scale: 0 };
}

export function times(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: digitsAt(a, scale) + digitsAt(b, scale), scale };
}

export function minus(a: Decimal, b: Decimal): Decimal {
  return plus(a, { digits: -b.digits, scale: b.scale });
}

export type Quotient = { value: Decimal; exact: boolean };

/** `a / b` to `places` decimals, half to even; `exact` when nothing was left over. */
export function over(a: Decimal, b: Decimal, places = 12): Quotient | null {
  if (b.digits === 0n) return null;
  const above = a.digits * 10n ** BigInt(places + b.scale);
  const below = b.digits * 10n ** BigInt(a.scale);
  const negative = above < 0n !== below < 0n;
  const [top, bottom] = [size(above), size(below)];
  const rest = top % bottom;
  let digits = top / bottom;
  if (rest * 2n > bottom || (rest * 2n === bottom && digits % 2n === 1n)) digits += 1n;
  return { value: { digits: negative ? -digits : digits, scale: places }, exact: rest === 0n };
}

export function compare(a: Decimal, b: Decimal): number {
  const { digits } = minus(a, b);
  return digits === 0n ? 0 : digits > 0n ? 1 : -1;
}

/** Plain digits without superfluous zeros: `0.0375`. */
export function textOf({ digits, scale }: Decimal): string {
  const text = size(digits)
    .toString()
    .padStart(scale + 1, "0");
  const units = scale > 0 ? text.slice(0, -scale) : text;
  const fraction = scale > 0 ? text.slice(-scale).replace(/0+$/, "") : "";
  return `${digits < 0n ? "-" : ""}${units}${fraction ? `.${fraction}` : ""}`;
}

/** The sum of what is known; null when nothing is. */
export function sumOf(texts: readonly (string | null | undefined)[]): string | null {
  const known = texts.flatMap((text) => (text ? [decimal(text)] : [])).filter((each) => !!each);
  return known.length > 0 ? textOf(known.reduce(plus)) : null;
}

function digitsAt({ digits, scale }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}
