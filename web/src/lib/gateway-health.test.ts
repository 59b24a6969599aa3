import { describe, expect, it } from "vitest";
import { alarmOf, gatewayState, type Health } from "@/lib/gateway-health";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const gateway = (changes: Partial<Health>): Health => ({
  gateway_id: "gw-1",
  seen_at: "2026-11-20T11:59:58Z",
  started_at: "2026-11-20T08:00:00Z",
  up: true,
  journal_failing: false,
  journal_depth: 0,
  events_waiting: 0,
  losses: { events: 0 },
  ...changes,
});

describe("the alarm above every page", () => {
  it("is silent while a gateway keeps what it serves", () => {
    expect(alarmOf([gateway({})], NOW, true)).toBeNull();
  });

  it("says that the journal fails, what is lost, and what to do", () => {
    const alarm = alarmOf(
      [gateway({ journal_failing: true, losses: { events: 12, intents: 3 } })],
      NOW,
      true,
    );
    expect(alarm).toMatchObject({ id: "journal", tone: "critical" });
    expect(alarm?.detail).toContain("12 events are lost.");
    expect(alarm?.detail).toContain("Free space on the disk of gateway gw-1");
  });

  it("counts what every gateway lost, by its kind", () => {
    const lost = [gateway({ losses: { events: 2 } }), gateway({ losses: { events: 1 } })];
    expect(alarmOf(lost, NOW, true)).toMatchObject({
      id: "losing",
      title: "3 events of the gateway were lost",
    });
    expect(alarmOf(lost, NOW, true)?.detail).toContain(
      "3 events that neither disk nor memory could take.",
    );
  });

  it("takes no note and no price that failed for a lost call", () => {
    expect(alarmOf([gateway({ losses: { intents: 4, prices: 1 } })], NOW, true)).toBeNull();
  });

  it("misses a gateway only where calls are expected", () => {
    const gone = gateway({ seen_at: "2026-11-20T11:59:40Z" });
    expect(alarmOf([gone], NOW, true)?.id).toBe("silent");
    expect(alarmOf([], NOW, true)?.id).toBe("silent");
    expect(alarmOf([], NOW, false)).toBeNull();
  });

  it("is not raised by one that is silent beside one that is heard", () => {
    const gone = gateway({ seen_at: "2026-11-20T11:58:00Z" });
    expect(alarmOf([gone, gateway({})], NOW, true)).toBeNull();
  });
});

describe("a gateway's state", () => {
  it.each([
    [{}, "Up"],
    [{ seen_at: "2026-11-20T11:59:00Z" }, "Silent"],
    [{ losses: { events: 1 } }, "Losing events"],
    [{ journal_failing: true }, "Journal failing"],
  ])("of %j is %s", (changes, label) => {
    expect(gatewayState(gateway(changes), NOW).label).toBe(label);
  });
});
