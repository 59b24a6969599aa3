/** Exact dollars for the tests' own reckoning: integers of 1e-12 dollars, no float in between. */

const PICO_DIGITS = 12;

export interface Part {
  quantity: number;
  /** Dollars per million tokens, as the vendor's price list writes it. */
  perMillion: string;
}

/** `"0.002413"` → 2413000000n. */
export function pico(dollars: string): bigint {
  const [units = "0", fraction = ""] = dollars.split(".");
  if (fraction.length > PICO_DIGITS) throw new Error(`${dollars} is finer than a pico-dollar`);
  return BigInt(units + fraction.padEnd(PICO_DIGITS, "0"));
}

/** The sum of quantity × price / 1,000,000; throws where that is no whole number of pico-dollars. */
export function total(parts: Part[]): bigint {
  const micro = parts.reduce(
    (sum, part) => sum + BigInt(part.quantity) * pico(part.perMillion),
    0n,
  );
  if (micro % 1_000_000n !== 0n) throw new Error("the total is finer than a pico-dollar");
  return micro / 1_000_000n;
}

/** 2413000000n → `"0.002413"`, without trailing zeros but with two decimals at least. */
export function dollars(amount: bigint): string {
  const digits = amount.toString().padStart(PICO_DIGITS + 1, "0");
  const units = digits.slice(0, -PICO_DIGITS);
  const fraction = digits.slice(-PICO_DIGITS).replace(/0+$/, "").padEnd(2, "0");
  return `${units}.${fraction}`;
}
