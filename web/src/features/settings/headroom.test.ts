import { describe, expect, it } from "vitest";
import type { Limit } from "@/api/routing-types";
import { amountOf, nameOf, resetOf, roomsOf, tightest } from "@/features/settings/headroom";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const limit = (changes: Partial<Limit>): Limit => ({
  credential_id: "crd_1",
  credential_name: "main",
  mount: "openai",
  provider: "openai",
  model_group: "",
  dimension: "requests",
  limit: 500,
  remaining: 400,
  utilization: null,
  window_s: 60,
  resets_at: "2026-11-20T12:00:42Z",
  status: null,
  source: "header",
  observed_at: "2026-11-20T11:59:50Z",
  ...changes,
});

describe("headroom", () => {
  it("is told by the limit that runs out first, of this key alone", () => {
    const rooms = roomsOf(
      [
        limit({}),
        limit({ dimension: "tokens", limit: 30_000, remaining: 1_500 }),
        limit({ credential_id: "crd_2", remaining: 0 }),
      ],
      "crd_1",
      NOW,
    );
    expect(rooms).toHaveLength(2);
    expect(tightest(rooms)).toMatchObject({ left: 0.05, limit: { dimension: "tokens" } });
  });

  it("that was reset since, or seen long ago, is stale and counts for nothing", () => {
    const past = limit({ remaining: 0, resets_at: "2026-11-20T11:59:59Z" });
    const old = limit({ remaining: 0, resets_at: null, observed_at: "2026-11-20T11:50:00Z" });
    expect(roomsOf([past, old], "crd_1", NOW).map(({ stale }) => stale)).toEqual([true, true]);
    expect(tightest(roomsOf([past, old], "crd_1", NOW))).toBeNull();
  });

  it("of a long window stays fresh as long", () => {
    const daily = limit({ window_s: 86_400, resets_at: null, observed_at: "2026-11-20T09:00:00Z" });
    expect(roomsOf([daily], "crd_1", NOW)[0]?.stale).toBe(false);
  });

  it("of a provider that tells only how much is used is what is not used", () => {
    const used = limit({ limit: null, remaining: null, utilization: 0.75, window_s: 18_000 });
    expect(roomsOf([used], "crd_1", NOW)[0]?.left).toBe(0.25);
    expect([nameOf(used), amountOf(used)]).toEqual(["Requests per 5 hours", "25% left"]);
  });

  it("that is half told is shown without a share", () => {
    const half = limit({ remaining: null });
    expect(roomsOf([half], "crd_1", NOW)[0]?.left).toBeNull();
    expect(amountOf(half)).toBe("limit 500");
  });

  it("says when it is full again", () => {
    expect(resetOf(limit({}), NOW)).toBe("resets in 42 s");
    expect(resetOf(limit({ resets_at: "2026-11-20T12:06:00Z" }), NOW)).toBe("resets in 6 min");
    expect(resetOf(limit({ resets_at: "2026-11-21T00:00:00Z" }), NOW)).toBe("resets in 12 h");
    expect(resetOf(limit({ resets_at: null }), NOW)).toBeNull();
  });

  it("names what is counted, and over which time", () => {
    expect(nameOf(limit({ dimension: "input_tokens" }))).toBe("Input tokens per minute");
    expect(nameOf(limit({ dimension: "credits", window_s: null }))).toBe("Credits");
  });
});
