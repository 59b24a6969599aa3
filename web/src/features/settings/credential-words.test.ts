import { describe, expect, it } from "vitest";
import { breakerWords, statusOf } from "@/features/settings/credential-words";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const KEY = {
  enabled: true,
  status: "healthy",
  breaker: "closed",
  open_until: null,
} as const;
const words = (key: Parameters<typeof statusOf>[0]) =>
  statusOf(key, breakerWords(key, NOW, "UTC")).label;

describe("how a key does", () => {
  it("is what its last call said", () => {
    expect(words(KEY)).toBe("Healthy");
    expect(words({ ...KEY, status: "failing" })).toBe("Failing");
  });

  it("is until when it is paused, where its breaker is open", () => {
    const open = { ...KEY, breaker: "open", open_until: "2026-11-20T12:03:10Z" } as const;
    expect(words(open)).toBe("Paused until 12:03:10");
    expect(words({ ...open, open_until: null })).toBe("Paused");
  });

  it("is a trial once the pause is over", () => {
    const over = { ...KEY, breaker: "open", open_until: "2026-11-20T11:59:59Z" } as const;
    expect(words(over)).toBe("Trying again");
    expect(words({ ...KEY, breaker: "half_open" })).toBe("Trying again");
  });

  it("is off where it was switched off, whatever else is known", () => {
    expect(words({ ...KEY, enabled: false, status: "invalid", breaker: "open" })).toBe("Off");
  });

  it("that this page does not know is shown as it is told", () => {
    expect(words({ ...KEY, status: "resting" as "healthy" })).toBe("resting");
  });
});
