import type { LineItem } from "@/api/contract";
import { countExact, moneyExact } from "@/lib/format";

const UNITS: Record<string, string> = {
  input: "input tokens",
  cache_read: "cached input tokens",
  cache_write_5m: "tokens written to the cache (5 min)",
  cache_write_1h: "tokens written to the cache (1 h)",
  output: "output tokens",
  reasoning: "reasoning tokens",
};

/** `1,920 cached input tokens × $1.25 / 1M = $0.0024`, every digit as it was charged. */
export function lineItemText(item: LineItem): string {
  const name = UNITS[item.unit] ?? item.unit.replaceAll("_", " ");
  return `${countExact(item.quantity)} ${name} × ${moneyExact(item.rate_usd)}${per(item.per)} = ${moneyExact(item.amount_usd)}`;
}

function per(count: number): string {
  if (count === 1) return "";
  if (count === 1_000_000) return " / 1M";
  return ` / ${countExact(count)}`;
}
