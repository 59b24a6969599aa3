import { describe, expect, it } from "vitest";
import {
  count,
  countExact,
  duration,
  formatExact,
  formatValue,
  money,
  moneyExact,
  percent,
} from "@/lib/format";

describe("money", () => {
  it.each([
    ["0", "$0.00"],
    ["0.000000000000", "$0.00"],
    ["0.002413", "$0.002413"],
    ["0.0024125", "$0.002413"],
    ["0.000000150000", "$0.00000015"],
    ["0.5", "$0.50"],
    ["0.99994", "$0.9999"],
    ["0.999996", "$1.00"],
    ["1", "$1.00"],
    ["12.345", "$12.35"],
    ["999.99", "$999.99"],
    ["999.996", "$1,000"],
    ["1234.4", "$1,234"],
    ["9999.4", "$9,999"],
    ["9999.6", "$10.0k"],
    ["12345", "$12.3k"],
    ["999950", "$1.00M"],
    ["1240000", "$1.24M"],
    ["-0.5", "−$0.50"],
  ])("shows %s as %s", (value, shown) => {
    expect(money(value)).toBe(shown);
  });

  it("rounds from the text, not from the nearest binary float", () => {
    // As a float this is 1.00499999999999989…, which would round down.
    expect(money("1.005")).toBe("$1.01");
    expect(moneyExact("1.005")).toBe("$1.005");
  });

  it("shows what is not an amount as absent", () => {
    for (const value of [null, undefined, "", "NaN", Number.NaN, "abc"]) {
      expect(money(value)).toBe("–");
    }
  });
});

describe("the exact amount", () => {
  it.each([
    ["0.002413000000", "$0.002413"],
    ["12.3", "$12.30"],
    ["1234567.890123456789", "$1,234,567.890123456789"],
    ["0", "$0.00"],
    ["-2.50", "−$2.50"],
    ["1e-7", "$0.0000001"],
  ])("of %s is %s", (value, shown) => {
    expect(moneyExact(value)).toBe(shown);
  });
});

describe("counts", () => {
  it.each([
    [0, "0"],
    [7, "7"],
    [4.25, "4.25"],
    [999, "999"],
    [1234, "1,234"],
    [9999, "9,999"],
    [12_345, "12.3k"],
    [123_456, "123k"],
    [999_600, "1.00M"],
    [1_240_000, "1.24M"],
    [3_100_000_000, "3.10B"],
    [-1500, "−1,500"],
  ])("shows %s as %s", (value, shown) => {
    expect(count(value)).toBe(shown);
  });

  it("tells every digit on demand", () => {
    expect(countExact(1_234_567)).toBe("1,234,567");
    expect(countExact(null)).toBe("–");
  });
});

describe("durations", () => {
  it.each([
    [0, "0 ms"],
    [0.02, "<0.1 ms"],
    [0.4, "0.4 ms"],
    [12.6, "13 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [1240, "1.24 s"],
    [25_000, "25.0 s"],
    [59_949, "59.9 s"],
    [59_990, "1 min 00 s"],
    [65_000, "1 min 05 s"],
    [3_723_000, "1 h 02 min"],
    [-5, "–"],
  ])("shows %s ms as %s", (value, shown) => {
    expect(duration(value)).toBe(shown);
  });
});

describe("percentages", () => {
  it.each([
    [0, "0%"],
    [1, "100%"],
    [0.984, "98.4%"],
    [0.99999, ">99.9%"],
    [0.0001, "<0.1%"],
    [-0.041, "−4.1%"],
    [null, "–"],
  ])("shows %s as %s", (value, shown) => {
    expect(percent(value)).toBe(shown);
  });
});

describe("a cell", () => {
  it("is shown by the unit of its column", () => {
    expect(formatValue("usd", "1.5")).toBe("$1.50");
    expect(formatValue("tokens", 1_240_000)).toBe("1.24M");
    expect(formatValue("ratio", 0.5)).toBe("50.0%");
    expect(formatValue("ms", 1240)).toBe("1.24 s");
    expect(formatValue("per_second", 84.2)).toBe("84.2/s");
    expect(formatValue("text", "gpt-4o")).toBe("gpt-4o");
    expect(formatValue("text", null)).toBe("–");
  });

  it("has an exact form for its tooltip", () => {
    expect(formatExact("usd", "0.123456789")).toBe("$0.123456789");
    expect(formatExact("tokens", 1_240_001)).toBe("1,240,001");
    expect(formatExact("ms", 1240.5)).toBe("1,240.5 ms");
    expect(formatExact("ratio", 0.98765)).toBe("98.77%");
  });
});
