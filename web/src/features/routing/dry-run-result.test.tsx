import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { DryRun, DryTarget } from "@/api/routing-types";
import { DryRunResult } from "@/features/routing/dry-run-result";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { TooltipProvider } from "@/ui/tooltip";

const target = (changes: Partial<DryTarget>): DryTarget => ({
  mount: "openai",
  provider: "openai",
  model: "gpt-4o",
  share: 1,
  open: false,
  latency_ms: 420,
  cost_usd: "0.0075",
  credentials: [],
  problem: null,
  ...changes,
});
const answer = (changes: Partial<DryRun>): DryRun => ({
  verdict: "forwarded",
  route: { id: "route_1", name: "Search" },
  targets: [target({})],
  retry: { ...EMPTY_ROUTE.retry, tries: 3 },
  timeouts: { connect_ms: null, first_byte_ms: 5_000, idle_ms: null },
  disconnect: "abort",
  cache: { ttl_s: 600, max_bytes: 1 },
  refuse_when_open: false,
  problem: null,
  sentence: "This request would go to gpt-4o at OpenAI, by the route “Search”.",
  ...changes,
});
const show = (result: DryRun, own: string | null = "route_1") =>
  render(
    <TooltipProvider>
      <DryRunResult result={result} own={own} stale={false} invalid={false} />
    </TooltipProvider>,
  ).container;

describe("the answer of a dry run", () => {
  it("says where the call would go, for how much, how soon, and what holds for it", () => {
    const text = show(answer({})).textContent;
    expect(text).toContain("This request would go to gpt-4o at OpenAI");
    expect(text).toContain("420 ms");
    expect(text).toContain("$0.0075");
    expect(text).toContain("up to 3 tries of each · first byte within 5 s");
    expect(text).toContain("stops when the caller leaves · answers kept 10 min");
  });

  it("marks what is followed in place of the route at hand", () => {
    expect(show(answer({})).querySelector(".text-warning")).toBeNull();
    expect(show(answer({}), null).querySelector(".text-warning")).not.toBeNull();
    expect(show(answer({ route: null })).querySelector(".text-warning")).not.toBeNull();
    expect(show(answer({ verdict: "refused" })).querySelector(".text-critical")).not.toBeNull();
  });

  it("shows chances, paused keys, and why a target would not answer", () => {
    const keys = (["open", "closed"] as const).map((breaker, index) => ({
      id: `cred_${index}`,
      name: `account ${index}`,
      hint: "abcd",
      weight: 1 + index * 2,
      breaker,
    }));
    show(
      answer({
        targets: [
          target({ share: 0.7, credentials: keys }),
          target({ share: 0.3, latency_ms: null, cost_usd: null, problem: "It has no key." }),
        ],
      }),
    );
    for (const text of ["70%", "30%", "25%", "75%", "paused", "It has no key.", "no price"]) {
      expect(screen.getByText(text)).toBeTruthy();
    }
    expect(screen.getByText("latency not known yet")).toBeTruthy();
  });
});
