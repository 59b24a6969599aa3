import { describe, expect, it } from "vitest";
import type { Override } from "@/api/price-types";
import {
  factorOf,
  percentOf,
  placeOf,
  problemsOf,
  rateProblem,
  schema,
  startValues,
  toOverride,
  type Values,
} from "@/features/prices/override-values";

const values: Values = {
  ...startValues({ provider: "openai", model: "gpt-5-mini" }, null),
  rates: [
    { unit: "input", rate: " 0.25 " },
    { unit: "output", rate: "2" },
  ],
};

describe("the form of a price", () => {
  it("sends rates as the texts that were typed, never as numbers", () => {
    expect(toOverride(values)).toMatchObject({
      rates: { input: "0.25", output: "2" },
      factor: null,
      from: null,
    });
  });

  it("sends a percentage off as an exact factor", () => {
    const off = { ...values, kind: "factor" as const, percent: "17.5" };
    expect(toOverride(off)).toMatchObject({ rates: null, factor: "0.825" });
    expect(factorOf("15")).toBe("0.85");
    expect(factorOf("-10")).toBe("1.1");
    expect(percentOf("0.825")).toBe("17.5");
  });

  it("reads a day as midnight UTC", () => {
    expect(toOverride({ ...values, from: "2026-11-01" }).from).toBe("2026-11-01T00:00:00Z");
  });

  it("keeps the hour of a day that was not touched", () => {
    const stored = { ...toOverride(values), from: "2026-08-16T16:00:00Z" } as Override;
    const start = startValues({ provider: "", model: "" }, stored);
    expect(toOverride(start, stored).from).toBe("2026-08-16T16:00:00Z");
    expect(toOverride({ ...start, from: "2026-08-17" }, stored).from).toBe("2026-08-17T00:00:00Z");
    expect(toOverride({ ...start, from: "" }, stored).from).toBeNull();
  });

  it.each([
    ["1.25", null],
    ["0", null],
    ["", "Enter a rate."],
    ["1,25", "Write a plain number, such as 1.25."],
    ["1e-6", "Write a plain number, such as 1.25."],
    ["-1", "A rate cannot be negative."],
  ])("says of the rate %j: %s", (text, problem) => {
    expect(rateProblem(text)).toBe(problem);
  });

  it("points at the row that is wrong", () => {
    const wrong = { ...values, rates: [...values.rates, { unit: "input", rate: "1" }] };
    expect(problemsOf(wrong)).toEqual([
      { path: ["rates", 2, "rate"], message: "This unit is named twice." },
    ]);
    const parsed = schema.safeParse({ ...values, rates: [{ unit: "input", rate: "x" }] });
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([["rates", 0, "rate"]]);
  });

  it("ends after it begins, and takes no more than everything off", () => {
    expect(problemsOf({ ...values, from: "2026-02-01", until: "2026-02-01" })).toHaveLength(1);
    expect(problemsOf({ ...values, kind: "factor", percent: "100" })).toEqual([]);
    expect(problemsOf({ ...values, kind: "factor", percent: "100.1" })).toHaveLength(1);
  });

  it("starts from the price that is changed", () => {
    const stored = { ...toOverride(values), id: "pov_1", effective: true } as Override;
    expect(toOverride(startValues({ provider: "", model: "" }, stored))).toEqual(
      toOverride(values),
    );
  });
});

describe("a refusal of the API", () => {
  it("is shown at the field that it names", () => {
    expect(placeOf("rates.output", values)).toBe("rates.1.rate");
    expect(placeOf("factor", values)).toBe("percent");
    expect(placeOf("model", values)).toBe("model");
    expect(placeOf("rates.page", values)).toBeNull();
    expect(placeOf(null, values)).toBeNull();
  });
});
