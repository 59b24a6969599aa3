import { describe, expect, it } from "vitest";
import { delta } from "@/lib/delta";

describe("a change against the previous period", () => {
  it("is bad when cost rises and good when it falls", () => {
    expect(delta("12", "10", "lower")).toEqual({
      direction: "up",
      tone: "bad",
      text: "20.0%",
      words: "up 20.0 percent, worse",
    });
    expect(delta("8", "10", "lower")?.tone).toBe("good");
  });

  it("is good when quality rises", () => {
    expect(delta(0.99, 0.9, "higher")).toMatchObject({ direction: "up", tone: "good" });
  });

  it("has no verdict where neither way is better", () => {
    expect(delta(20, 10, null)).toMatchObject({ tone: "neutral", words: "up 100.0 percent" });
  });

  it("from zero has no percentage", () => {
    expect(delta(5, 0, "lower")).toMatchObject({
      text: "new",
      tone: "neutral",
      words: "up from zero",
    });
    expect(delta(0, 0, "lower")).toMatchObject({ direction: "flat", text: "0%" });
  });

  it("too small to show counts as none", () => {
    expect(delta(10_001, 10_000, "lower")).toMatchObject({ direction: "flat", tone: "neutral" });
  });

  it("beyond tenfold is told as a multiple", () => {
    expect(delta(120, 10, "lower")).toMatchObject({ text: "12×", words: "up 12 times, worse" });
    expect(delta(1_724_817, 1, "lower")).toMatchObject({
      text: ">999×",
      words: "up more than 999 times, worse",
    });
  });

  it("is unknown when a side is unknown", () => {
    expect(delta(null, 10, "lower")).toBeNull();
    expect(delta(10, null, "lower")).toBeNull();
    expect(delta("", "x", null)).toBeNull();
  });
});
