import { describe, expect, it } from "vitest";
import type { RunDetail } from "@/api/contract";
import { earlierAttempts } from "@/features/prices/run-arithmetic";

type Attempt = RunDetail["attempt_list"][number];

function run(...costs: [string, string | null][]) {
  const attempt_list = costs.map(([event_id, cost_usd]) => ({ event_id, cost_usd }) as Attempt);
  return { event_id: "last", cost_usd: null, attempt_list };
}

describe("attempts before the one that the line items explain", () => {
  it("are summed exactly, so that the card adds up to the cost of the call", () => {
    expect(earlierAttempts(run(["a", "0.1"], ["b", "0.2"], ["last", "5"]))).toBe("0.3");
  });

  it("are not told when there are none, or when they cost nothing", () => {
    expect(earlierAttempts(run(["last", "5"]))).toBeNull();
    expect(earlierAttempts(run(["a", "0"], ["b", null], ["last", "5"]))).toBeNull();
  });
});
