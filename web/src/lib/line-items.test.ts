import { describe, expect, it } from "vitest";
import {
  explanationOf,
  lineText,
  provenanceOf,
  quantityAmong,
  quantityOf,
  rateOf,
} from "@/lib/line-items";

describe("a line item", () => {
  it("reads as arithmetic", () => {
    const item = { unit: "cache_read", quantity: 1920, rate_usd: "1.25", per: 1_000_000 };
    expect(`${quantityOf(item)} × ${rateOf(item)}`).toBe("1,920 cached input tokens × $1.25 / 1M");
  });

  it("rounds neither the rate nor the amount", () => {
    const line = { unit: "input", quantity: 3, per: 1_000_000 };
    expect(lineText({ ...line, rate_usd: "0.0375", amount_usd: "0.000000112501" })).toBe(
      "3 input tokens × $0.0375 / 1M = $0.000000112501",
    );
  });

  it("knows one from many", () => {
    expect(quantityOf({ unit: "web_search", quantity: 1 })).toBe("1 web search");
    expect(quantityOf({ unit: "web_search", quantity: 2 })).toBe("2 web searches");
  });

  it("of an unknown unit keeps its name", () => {
    expect(quantityOf({ unit: "lunar_minute", quantity: 12 })).toBe("12 lunar minute");
  });

  it.each([
    ["0.01", 1, "$0.01 each"],
    ["10", 1_000, "$10.00 / 1k"],
    ["0.0375", 1_000_000, "$0.0375 / 1M"],
    ["1", 86_400, "$1.00 / 86,400"],
  ])("at %s per %s costs %s", (rate_usd, per, shown) => {
    expect(rateOf({ rate_usd, per })).toBe(shown);
  });
});

describe("plain input", () => {
  const input = { unit: "input", quantity: 7344 };
  it("is called uncached where cached input stands beside it", () => {
    expect(quantityAmong(input, [input, { unit: "cache_read" }])).toBe(
      "7,344 uncached input tokens",
    );
    expect(quantityAmong(input, [input, { unit: "output" }])).toBe("7,344 input tokens");
  });
});

describe("provenance", () => {
  it("has a sentence for every status, and none for what it does not know", () => {
    for (const status of ["reported", "computed", "estimated", "unpriced"]) {
      expect(provenanceOf(status)).toMatch(/\.$/);
    }
    expect(provenanceOf("new")).toBe("");
  });
});

describe("the explanation of a cost", () => {
  it("is the reason of the pricing where there is one, else where the cost comes from", () => {
    expect(explanationOf("computed", "the provider does not bill this call")).toBe(
      "The provider does not bill this call.",
    );
    expect(explanationOf("computed", null)).toBe(provenanceOf("computed"));
  });

  it("of an unpriced call says that no sum holds it", () => {
    expect(explanationOf("unpriced", "the provider reported no usage")).toBe(
      "The provider reported no usage. It could not be priced, so it is in no sum of costs.",
    );
  });
});
