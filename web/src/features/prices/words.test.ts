import { describe, expect, it } from "vitest";
import type { BookPeriod } from "@/api/price-types";
import { inForce } from "@/features/prices/model-history";
import { factorWords } from "@/features/prices/model-ways";
import { priceWords, targetName } from "@/features/prices/overrides-table";
import { differenceOf } from "@/features/prices/reprice-table";
import { callsOf } from "@/features/prices/sum-questions";
import { isAbsurd } from "@/features/prices/update-card";
import {
  conditionWords,
  inOrder,
  rateWords,
  sinceWords,
  splitModel,
  stepWords,
  unitHead,
} from "@/features/prices/words";

const rate = { unit: "x", above: [], source: "genai-prices" };

describe("conditions in words", () => {
  it("name the ways people know, and spell out the others", () => {
    expect(conditionWords({ processing: "batch" })).toBe("Batch");
    expect(conditionWords({ service_tier: "ultra", region: ["eu", "us"] })).toBe(
      "service tier ultra, region eu or us",
    );
    expect(conditionWords({ region: ["*"] })).toBe("any region");
    expect(conditionWords({ region: ["a"], host: ["b"] }, " or ")).toBe("region a or host b");
  });

  it("name no more than three values", () => {
    expect(conditionWords({ region: ["a", "b", "c", "d"] })).toBe("region a, b, c or d");
    expect(conditionWords({ region: ["a", "b", "c", "d", "e"] })).toBe("region a, b, c and 2 more");
  });
});

describe("rates and dates in words", () => {
  it("say the hour only where it is not midnight UTC", () => {
    expect(sinceWords(null)).toBe("always");
    expect(sinceWords("2026-11-01T00:00:00Z")).toBe("1 Nov 2026");
    expect(sinceWords("2026-08-16T16:00:00Z")).toBe("16 Aug 2026, 16:00");
  });

  it("say for how much of a unit a rate is", () => {
    expect(unitHead({ name: "input tokens", per: 1_000_000 })).toBe("Input");
    expect(unitHead({ name: "web searches", per: 1000 })).toBe("Web searches / 1k");
    expect(unitHead({ name: "images", per: 1 })).toBe("Images, each");
    expect(rateWords({ ...rate, name: "pages", rate_usd: "1", per: 1000 })).toBe(
      "$1.00 / 1k pages",
    );
    expect(rateWords({ ...rate, name: "images", rate_usd: "0.04", per: 1 })).toBe(
      "$0.04 each, images",
    );
    expect(stepWords({ tokens: 200_000, rate_usd: "2.5" })).toBe("above 200k $2.50");
    expect(stepWords({ tokens: 199_999, rate_usd: "2.5" })).toBe("above 199,999 $2.50");
  });

  it("turn a factor into per cent without an error", () => {
    expect(factorWords({ factor: "1.1" })).toBe("+10%");
    expect(factorWords({ factor: "0.825" })).toBe("−17.5%");
  });

  it("stand in the order of a bill, whatever the book says first", () => {
    const units = ["web_search", "output", "input", "image", "cache_read"];
    expect(inOrder(units.map((unit) => ({ unit }))).map(({ unit }) => unit)).toEqual([
      "input",
      "cache_read",
      "output",
      "web_search",
      "image",
    ]);
  });

  it("tell a model's provider from slashes in its name", () => {
    expect(splitModel("openrouter/meta/llama")).toEqual({
      provider: "openrouter",
      model: "meta/llama",
    });
  });
});

describe("the periods in force", () => {
  const period = (from: string | null, until: string | null, schedule: string | null = null) =>
    ({ from, until, schedule, source: "", rates: [] }) satisfies BookPeriod;
  const all = [
    period(null, "2026-01-01T00:00:00Z"),
    period("2026-01-01T00:00:00Z", null),
    period("2026-01-01T00:00:00Z", null, "01:00–04:00 UTC"),
    period("2027-01-01T00:00:00Z", null),
  ];
  it("are the last one begun and those limited to some hours", () => {
    expect(inForce(all, new Date("2026-06-01"))).toEqual([all[1], all[2]]);
    expect(inForce(all, new Date("2025-06-01"))).toEqual([all[0]]);
    expect(inForce(all, new Date("2026-01-01T00:00:00Z"))).toEqual([all[1], all[2]]);
  });
});

describe("a price of one's own in words", () => {
  it("is a percentage or rates", () => {
    expect(priceWords({ rates: null, factor: "0.85" })).toBe("15% off the list");
    expect(priceWords({ rates: null, factor: "1.05" })).toBe("5% on top of the list");
    expect(priceWords({ rates: { input: "1.5", cache_read: "0.15" }, factor: null })).toBe(
      "input $1.50, cache read $0.15",
    );
  });

  it("says for which calls", () => {
    expect(targetName({ provider: "*", model: "*" })).toBe("All models");
    expect(targetName({ provider: "xai", model: "*" })).toBe("All of xAI");
    expect(targetName({ provider: "openai", model: "gpt-4o*" })).toBe("gpt-4o*");
  });
});

describe("a change of price", () => {
  const totals = { events: 1, changed: 1, priced_before: 1, priced_after: 1 };
  it("is signed", () => {
    expect(differenceOf({ ...totals, old_usd: "1", new_usd: "1.5" })).toBe("+$0.50");
    expect(differenceOf({ ...totals, old_usd: "1.5", new_usd: "1" })).toBe("−$0.50");
  });

  it("of ten times and more either way is held to be a mistake", () => {
    expect([isAbsurd("10.5"), isAbsurd("0.05"), isAbsurd("10"), isAbsurd(null)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("the calls behind a sum", () => {
  const span = { from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" };
  const source = { kind: "sum" as const, span, zone: "UTC" };
  it("are those of its very span and model", () => {
    const filters = [
      { field: "provider", op: "eq" as const, value: "openai" },
      { field: "model", op: "eq" as const, value: "gpt-5" },
    ];
    expect(callsOf({ ...source, filters })).toEqual({ ...span, model: ["gpt-5"] });
  });

  it("cannot be listed by what the list does not know", () => {
    const filters = [{ field: "model", op: "is_null" as const }];
    expect(callsOf({ ...source, filters })).toBeNull();
  });
});
