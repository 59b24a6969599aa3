import { describe, expect, it } from "vitest";
import { compare, decimal, minus, over, plus, sumOf, textOf, times, whole } from "@/lib/decimal";

function read(text: string) {
  const value = decimal(text);
  if (!value) throw new Error(`${text} is no decimal`);
  return value;
}

describe("an exact decimal", () => {
  it.each(["0", "1.25", "-3", "0.000000000001", "123456789012345678901234567890.5"])(
    "keeps %s as it is",
    (text) => expect(textOf(read(text))).toBe(text),
  );

  it.each(["", "1,5", "1.", ".5", "1e-6", "NaN", "-", "0x1", "1.2.3"])("is not %j", (text) => {
    expect(decimal(text)).toBeNull();
  });

  it("drops zeros that say nothing", () => {
    expect(textOf(read("1.500"))).toBe("1.5");
    expect(textOf(read("10.00"))).toBe("10");
  });

  it("is added, taken away and multiplied without an error of the last digit", () => {
    expect(textOf(plus(read("0.1"), read("0.2")))).toBe("0.3");
    expect(textOf(minus(read("0.3"), read("0.1")))).toBe("0.2");
    expect(textOf(times(read("0.025"), whole(1920)))).toBe("48");
  });

  it("is compared by value, not by text", () => {
    expect(compare(read("10"), read("9.99"))).toBe(1);
    expect(compare(read("1.0"), read("1"))).toBe(0);
    expect(compare(read("-1"), read("0"))).toBe(-1);
  });
});

describe("a division", () => {
  it("says whether it came out even", () => {
    expect(over(read("1"), read("8"))).toEqual({ value: expect.anything(), exact: true });
    expect(over(read("1"), read("3"))?.exact).toBe(false);
    expect(over(read("1"), read("0"))).toBeNull();
  });

  it.each([
    ["1", "8", 3, "0.125"],
    ["1", "8", 2, "0.12"],
    ["3", "8", 2, "0.38"],
    ["-1", "8", 2, "-0.12"],
    ["2", "3", 4, "0.6667"],
  ])("of %s by %s to %i places is %s, half to even", (a, b, places, expected) => {
    const quotient = over(read(a), read(b), places);
    expect(quotient && textOf(quotient.value)).toBe(expected);
  });
});

describe("a sum of texts", () => {
  it("leaves out what is unknown and is unknown when all is", () => {
    expect(sumOf(["0.1", null, "0.2"])).toBe("0.3");
    expect(sumOf([null, undefined])).toBeNull();
  });
});
