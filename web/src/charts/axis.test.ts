import { describe, expect, it } from "vitest";
import { niceTicks, pickTicks, tickLabel } from "@/charts/axis";

describe("ticks of the value axis", () => {
  it.each([
    [9.3, [0, 2.5, 5, 7.5, 10]],
    [100, [0, 25, 50, 75, 100]],
    [0.00023, [0, 0.0001, 0.0002, 0.0003]],
    [1, [0, 0.25, 0.5, 0.75, 1]],
    [7, [0, 2, 4, 6, 8]],
  ])("up to %s are %j", (max, ticks) => {
    expect(niceTicks(max)).toEqual(ticks);
  });

  it("always begin at zero and hold the highest value", () => {
    for (let max = 0.0001; max < 1e9; max *= 1.37) {
      const ticks = niceTicks(max);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max * 0.999999);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(6);
    }
  });

  it("exist even when there is nothing to draw", () => {
    expect(niceTicks(0)).toEqual([0, 1]);
    expect(niceTicks(Number.NaN)).toEqual([0, 1]);
  });
});

describe("ticks of the time axis", () => {
  const hours = (from: string, count: number) =>
    Array.from({ length: count }, (_, index) => new Date(from).getTime() + index * 3_600_000);

  it("are all shown when they fit", () => {
    const starts = hours("2026-11-20T00:00:00Z", 8);
    expect(pickTicks(starts, "hour", "UTC", 8)).toEqual(starts);
  });

  it("fall on round local hours", () => {
    const ticks = pickTicks(hours("2026-11-19T13:00:00Z", 24), "hour", "Europe/Berlin", 8);
    const local = ticks.map((at) => new Date(at).getUTCHours() + 1);
    expect(local.every((hour) => hour % 3 === 0)).toBe(true);
    expect(ticks.length).toBe(8);
  });

  it("are evenly spaced and never more than wanted", () => {
    const days = Array.from({ length: 90 }, (_, index) => index * 86_400_000);
    const ticks = pickTicks(days, "day", "UTC", 8);
    expect(ticks.length).toBeLessThanOrEqual(8);
    expect(ticks.at(-1)).toBe(days.at(-1));
    const week = pickTicks(hours("2026-11-13T00:00:00Z", 168), "hour", "UTC", 5);
    expect(week.length).toBeLessThanOrEqual(5);
  });
});

describe("the label of a tick", () => {
  it("has cents only where they say something", () => {
    expect([0, 2.5, 20, 1500].map((value) => tickLabel("usd", value))).toEqual([
      "$0",
      "$2.50",
      "$20",
      "$1,500",
    ]);
    expect([0, 2_500_000, 20_000].map((value) => tickLabel("tokens", value))).toEqual([
      "0",
      "2.5M",
      "20k",
    ]);
    expect(tickLabel("ms", 1500)).toBe("1.5 s");
  });
});
