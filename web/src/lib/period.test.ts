import { describe, expect, it } from "vitest";
import {
  grainFor,
  grainsFor,
  labelOf,
  previousLabel,
  readPeriod,
  resolve,
  spanOfDays,
  startOfDay,
  toPeriod,
  toPeriodSearch,
} from "@/lib/period";

const WEEK = { from: "2026-11-01T00:00:00.000Z", to: "2026-11-08T00:00:00.000Z" };

describe("the period in the URL", () => {
  it("is a preset, two instants, or the default", () => {
    expect(toPeriod(readPeriod({ range: "30d" }))).toEqual({ last: "30d" });
    expect(toPeriod(readPeriod(WEEK))).toEqual(WEEK);
    expect(toPeriod(readPeriod({}))).toEqual({ last: "7d" });
  });

  it.each([
    [{ range: "1y" }],
    [{ from: WEEK.to, to: WEEK.from }],
    [{ from: "yesterday", to: "today" }],
    [{ from: WEEK.from }],
    [{ from: ["a"], to: 3 }],
  ])("that makes no sense is dropped: %j", (search) => {
    expect(readPeriod(search)).toEqual({});
  });

  it("remembers the preset that was zoomed into", () => {
    const zoomed = readPeriod({ range: "30d", ...WEEK });
    expect(toPeriod(zoomed)).toEqual(WEEK);
    expect(toPeriod({ ...zoomed, from: undefined, to: undefined })).toEqual({ last: "30d" });
  });

  it("survives the way there and back", () => {
    for (const period of [{ last: "90d" } as const, { last: "7d" } as const, WEEK]) {
      expect(toPeriod(readPeriod(toPeriodSearch(period)))).toEqual(period);
    }
  });

  it("clears the instants when a preset is chosen, and the preset when instants are", () => {
    expect(toPeriodSearch({ last: "30d" })).toEqual({
      range: "30d",
      from: undefined,
      to: undefined,
    });
    expect(toPeriodSearch(WEEK).range).toBeUndefined();
  });
});

describe("the size of buckets", () => {
  it("follows the length of the period", () => {
    expect(grainFor({ last: "24h" })).toBe("hour");
    expect(grainFor({ last: "7d" })).toBe("day");
    expect(grainFor({ last: "90d" })).toBe("day");
    expect(grainFor({ from: "2025-11-01T00:00:00Z", to: "2026-11-01T00:00:00Z" })).toBe("week");
    expect(grainFor({ from: "2021-11-01T00:00:00Z", to: "2026-11-01T00:00:00Z" })).toBe("month");
  });

  it("offers what gives between 2 and 400 buckets", () => {
    expect(grainsFor({ last: "24h" })).toEqual(["hour"]);
    expect(grainsFor({ last: "7d" })).toEqual(["hour", "day"]);
    expect(grainsFor({ last: "90d" })).toEqual(["day", "week", "month"]);
  });
});

describe("days picked in a calendar", () => {
  it("mean local days, the last one included", () => {
    const span = spanOfDays(new Date(2026, 10, 1), new Date(2026, 10, 7), "Europe/Berlin");
    expect(span).toEqual({ from: "2026-10-31T23:00:00.000Z", to: "2026-11-07T23:00:00.000Z" });
  });

  it("begin at local midnight on both sides of a clock change", () => {
    expect(startOfDay(2026, 2, 29, "Europe/Berlin").toISOString()).toBe("2026-03-28T23:00:00.000Z");
    expect(startOfDay(2026, 2, 30, "Europe/Berlin").toISOString()).toBe("2026-03-29T22:00:00.000Z");
    expect(startOfDay(2026, 10, 1, "America/New_York").toISOString()).toBe(
      "2026-11-01T04:00:00.000Z",
    );
    expect(startOfDay(2026, 0, 1, "Pacific/Auckland").toISOString()).toBe(
      "2025-12-31T11:00:00.000Z",
    );
  });
});

describe("the words for a period", () => {
  it("name the preset or the days, in the zone of the workspace", () => {
    expect(labelOf({ last: "30d" }, "UTC")).toBe("Last 30 days");
    expect(labelOf(WEEK, "UTC")).toBe("1 Nov 2026 – 7 Nov 2026");
    const oneDay = { from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" };
    expect(labelOf(oneDay, "UTC")).toBe("1 Nov 2026");
    const hours = { from: "2026-11-01T10:00:00Z", to: "2026-11-01T16:00:00Z" };
    expect(labelOf(hours, "UTC")).toBe("1 Nov 2026, 10:00–16:00");
  });

  it("say what it is compared with", () => {
    expect(previousLabel({ last: "24h" })).toBe("vs previous 24 h");
    expect(previousLabel({ last: "7d" })).toBe("vs previous 7 days");
  });

  it("resolve to instants", () => {
    const now = new Date("2026-11-20T12:00:00Z").getTime();
    expect(resolve({ last: "24h" }, now)).toEqual({
      from: "2026-11-19T12:00:00.000Z",
      to: "2026-11-20T12:00:00.000Z",
    });
    expect(resolve(WEEK, now)).toBe(WEEK);
  });
});
