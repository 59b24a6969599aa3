import { describe, expect, it } from "vitest";
import type { Route } from "@/api/routing-types";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { lineOf, span, textOf } from "@/features/routing/sentence";

const route = (changes: Partial<Route>): Route => ({
  ...EMPTY_ROUTE,
  id: "rt_1",
  position: 1,
  created_at: "2026-11-20T10:00:00Z",
  updated_at: "2026-11-20T10:00:00Z",
  ...changes,
});

describe("a route in one line", () => {
  it("says what it takes, where that goes and what else holds", () => {
    const told = route({
      match: { ...EMPTY_ROUTE.match, models: ["gpt-4o"], projects: ["search"] },
      targets: [
        { mount: "openai", model: null, weight: 1 },
        { mount: "groq", model: "llama-3.3-70b", weight: 1 },
      ],
      retry: { ...EMPTY_ROUTE.retry, tries: 2 },
      cache: { ttl_s: 600, max_bytes: 1_048_576 },
    });
    expect(textOf(told)).toBe(
      "gpt-4o from project search → openai, then groq/llama-3.3-70b · 2 tries · cached 10 min",
    );
  });

  it("of everything that goes as asked says so", () => {
    expect(textOf(route({}))).toBe("every call → as asked");
  });

  it("names keys by their names and every condition in its words", () => {
    const match = {
      models: [],
      operations: ["chat", "count_tokens"],
      mounts: ["openai"],
      projects: [],
      keys: ["key_1", "key_2"],
      features: ["search"],
      environments: ["production"],
    };
    const names = { keys: new Map([["key_1", "checkout"]]) };
    expect(lineOf(route({ match }), names).takes).toBe(
      "every chat or count tokens call at openai with key checkout or key_2 for search in production",
    );
  });

  it("shows weights as shares, and speed and price as a choice", () => {
    const targets = [
      { mount: "openai", model: null, weight: 7 },
      { mount: "azure", model: null, weight: 3 },
    ];
    expect(lineOf(route({ targets, strategy: "weighted" })).goes).toBe("70% openai, 30% azure");
    expect(lineOf(route({ targets, strategy: "lowest_cost" })).goes).toBe(
      "the cheapest of openai and azure",
    );
    expect(lineOf(route({ targets, strategy: "lowest_latency" })).goes).toBe(
      "the fastest of openai and azure",
    );
  });

  it("cuts long lists short", () => {
    const match = { ...EMPTY_ROUTE.match, models: ["a", "b", "c", "d", "e"] };
    expect(lineOf(route({ match })).takes).toBe("a, b, c or 2 more");
  });
});

describe("a span of time", () => {
  it("takes the largest unit that needs no fraction", () => {
    expect([45, 90, 600, 3_600, 86_400, 172_800, 2.5].map(span)).toEqual([
      "45 s",
      "90 s",
      "10 min",
      "1 h",
      "1 day",
      "2 days",
      "2.5 s",
    ]);
  });
});
