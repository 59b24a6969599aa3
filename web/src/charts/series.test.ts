import { describe, expect, it } from "vitest";
import { spanOf } from "@/charts/drag-zoom";
import { rank, topOf } from "@/charts/series";
import { lineOf } from "@/charts/spark";
import { toNumber } from "@/lib/number";

const point = (at: number, values: Record<string, number | null>) => ({ at, end: at + 10, values });
const series = ["a", "b", "c"].map((key) => ({ key, label: key, color: "red" }));

describe("the top of a chart", () => {
  const points = [point(0, { a: 1, b: 2 }), point(10, { a: 4, b: null })];
  it("is the highest stack", () => {
    expect(topOf(points, ["a", "b"], true)).toBe(4);
    expect(topOf([point(0, { a: 3, b: 2 })], ["a", "b"], true)).toBe(5);
  });
  it("is the highest line where nothing is stacked, of what is shown", () => {
    expect(topOf(points, ["b"], false)).toBe(2);
  });
});

describe("the ranking in a tooltip", () => {
  it("is by value, with shares of the sum, without zeros", () => {
    expect(rank(point(0, { a: 1, b: 3, c: 0 }), series, true)).toMatchObject([
      { series: { key: "b" }, value: 3, share: 0.75 },
      { series: { key: "a" }, value: 1, share: 0.25 },
    ]);
  });
  it("has no shares for lines, where a zero is a value", () => {
    expect(rank(point(0, { a: 0, b: 3, c: null }), series, false)).toMatchObject([
      { value: 3, share: null },
      { value: 0, share: null },
    ]);
  });
});

describe("dragging over buckets", () => {
  const points = [point(0, {}), point(10, {}), point(20, {})];
  it("spans them from the first start to the last end, in either direction", () => {
    expect(spanOf({ first: 2, last: 1 }, points)).toEqual({ from: 10, to: 30 });
  });
  it("of a single one is a click and zooms nowhere", () => {
    expect(spanOf({ first: 1, last: 1 }, points)).toBeNull();
    expect(spanOf({ first: 1, last: 9 }, points)).toBeNull();
  });
});

describe("drawing", () => {
  it("lifts the pen over a gap", () => {
    expect(lineOf([{ x: 0, y: 1 }, null, { x: 2, y: 3 }, { x: 3, y: 4 }])).toBe(
      "M0.0 1.0M2.0 3.0L3.0 4.0",
    );
  });
  it("takes what is no number as absent", () => {
    expect([null, undefined, "", "x", true].map(toNumber)).toEqual([null, null, null, null, null]);
    expect(toNumber("0.002413")).toBe(0.002413);
  });
});
