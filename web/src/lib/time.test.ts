import { describe, expect, it } from "vitest";
import { bucketStart, nextBucket } from "@/lib/buckets";
import { bucketTick, bucketTitle, clock, day, instant, relative, timeOfDay } from "@/lib/time";

const BERLIN = "Europe/Berlin";
const at = (text: string) => new Date(text).getTime();
const iso = (ms: number) => new Date(ms).toISOString();

describe("an instant", () => {
  it("is told in the workspace's zone", () => {
    expect(instant("2026-11-20T13:03:22Z", BERLIN)).toBe("20 Nov 2026, 14:03:22 CET");
    expect(clock("2026-11-20T13:03:22Z", BERLIN)).toBe("20 Nov, 14:03:22");
    expect(day("2026-11-20T23:30:00Z", BERLIN)).toBe("21 Nov 2026");
    expect(timeOfDay("2026-11-20T13:03:22Z", BERLIN)).toBe("14:03");
    expect(timeOfDay("2026-11-20T13:03:22Z", BERLIN, true)).toBe("14:03:22");
  });

  it("that is none is shown as absent", () => {
    expect(instant(null, BERLIN)).toBe("–");
    expect(instant("nonsense", BERLIN)).toBe("–");
  });
});

describe("relative time", () => {
  const now = at("2026-11-20T12:00:00Z");
  it.each([
    ["2026-11-20T12:00:02Z", "just now"],
    ["2026-11-20T11:59:58Z", "just now"],
    ["2026-11-20T11:59:48Z", "12 s ago"],
    ["2026-11-20T11:57:00Z", "3 min ago"],
    ["2026-11-20T10:00:00Z", "2 h ago"],
    ["2026-11-17T12:00:00Z", "3 d ago"],
    ["2026-10-01T12:00:00Z", "1 Oct 2026"],
    ["2026-12-24T12:00:00Z", "24 Dec 2026"],
  ])("of %s is %s", (value, shown) => {
    expect(relative(value, now, "UTC")).toBe(shown);
  });
});

describe("buckets", () => {
  it("of a day begin at local midnight, also when the clock changes", () => {
    expect(iso(bucketStart(at("2026-03-29T10:00:00Z"), "day", BERLIN))).toBe(
      "2026-03-28T23:00:00.000Z",
    );
    // 29 March 2026 has 23 hours in Berlin, 25 October has 25.
    expect(iso(nextBucket(at("2026-03-28T23:00:00Z"), "day", BERLIN))).toBe(
      "2026-03-29T22:00:00.000Z",
    );
    expect(iso(nextBucket(at("2026-10-24T22:00:00Z"), "day", BERLIN))).toBe(
      "2026-10-25T23:00:00.000Z",
    );
  });

  it("of an hour begin at the local hour where the offset is half of one", () => {
    expect(iso(bucketStart(at("2026-11-20T13:03:00Z"), "hour", "Asia/Kolkata"))).toBe(
      "2026-11-20T12:30:00.000Z",
    );
  });

  it("of a week begin on Monday, of a month on its first day", () => {
    expect(iso(bucketStart(at("2026-11-22T12:00:00Z"), "week", "UTC"))).toBe(
      "2026-11-16T00:00:00.000Z",
    );
    expect(iso(nextBucket(at("2026-12-01T00:00:00Z"), "month", "UTC"))).toBe(
      "2027-01-01T00:00:00.000Z",
    );
    expect(iso(nextBucket(at("2026-11-16T00:00:00Z"), "week", "UTC"))).toBe(
      "2026-11-23T00:00:00.000Z",
    );
  });

  it("have a short name on the axis and a full one in the tooltip", () => {
    expect(bucketTick("2026-11-20T13:00:00Z", "hour", BERLIN)).toBe("14:00");
    expect(bucketTick("2026-11-19T23:00:00Z", "hour", BERLIN)).toBe("20 Nov");
    expect(bucketTick("2026-11-19T23:00:00Z", "day", BERLIN)).toBe("20 Nov");
    expect(bucketTick("2026-11-01T00:00:00Z", "month", "UTC")).toBe("Nov 2026");
    const [start, end] = ["2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z"];
    expect(bucketTitle(start, end, "hour", BERLIN)).toBe("Fri, 20 Nov 2026, 14:00–15:00");
    expect(bucketTitle("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", "week", "UTC")).toBe(
      "16 Nov – 22 Nov 2026",
    );
  });
});
