import { describe, expect, it } from "vitest";
import { offsetOf, timezones } from "@/lib/timezones";

describe("time zones", () => {
  it("offers UTC first and keeps a zone that the browser does not list", () => {
    const zones = timezones("Etc/Odd");
    expect(zones.slice(0, 2)).toEqual(["UTC", "Etc/Odd"]);
    expect(new Set(zones).size).toBe(zones.length);
  });

  it("tells the offset that holds at the instant", () => {
    expect(offsetOf("Europe/Berlin", new Date("2026-01-15T12:00:00Z"))).toBe("UTC+01:00");
    expect(offsetOf("Europe/Berlin", new Date("2026-07-15T12:00:00Z"))).toBe("UTC+02:00");
    expect(offsetOf("UTC", new Date("2026-07-15T12:00:00Z"))).toBe("UTC+00:00");
    expect(offsetOf("Nowhere/Land", new Date())).toBeNull();
  });
});
