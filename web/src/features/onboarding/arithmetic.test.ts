import { describe, expect, it } from "vitest";
import type { LineItem } from "@/api/contract";
import { lineItemText } from "./arithmetic";

function item(changes: Partial<LineItem>): LineItem {
  return {
    unit: "cache_read",
    quantity: 1920,
    rate_usd: "1.25",
    per: 1_000_000,
    amount_usd: "0.0024",
    rule: "cache read",
    ...changes,
  };
}

describe("a line of a call's arithmetic", () => {
  it("reads as a product that can be checked by hand", () => {
    expect(lineItemText(item({}))).toBe("1,920 cached input tokens × $1.25 / 1M = $0.0024");
  });

  it("rounds neither the rate nor the amount", () => {
    const exact = item({ rate_usd: "0.0375", amount_usd: "0.000072000001" });
    expect(lineItemText(exact)).toContain("× $0.0375 / 1M = $0.000072000001");
  });

  it("says plainly what is charged by the piece", () => {
    const search = item({
      unit: "web_search",
      quantity: 3,
      rate_usd: "0.01",
      per: 1,
      amount_usd: "0.03",
    });
    expect(lineItemText(search)).toBe("3 web search × $0.01 = $0.03");
    expect(lineItemText({ ...search, per: 1000, rate_usd: "10" })).toContain("× $10.00 / 1,000 =");
  });
});
