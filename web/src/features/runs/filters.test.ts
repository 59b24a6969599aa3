import { describe, expect, it } from "vitest";
import type { Run } from "@/api/contract";
import { matches, toggle, toParams } from "@/features/runs/filters";

const run = {
  started_at: "2026-11-20T12:00:00.000Z",
  model: "gpt-4o",
  status: "success",
  cost_status: "computed",
  route_id: "route_1",
  credential_id: null,
  attribution: { feature: "search" },
} as Run;

describe("a run that comes in", () => {
  it("belongs in a list without filters", () => {
    expect(matches(run, {})).toBe(true);
  });

  it("belongs where every filter names it", () => {
    expect(matches(run, { model: ["gpt-4o", "o3"], feature: ["search"] })).toBe(true);
    expect(matches(run, { model: ["gpt-4o"], feature: ["chat"] })).toBe(false);
    expect(matches(run, { route: ["route_1"] })).toBe(true);
    expect(matches(run, { credential: ["cred_1"] })).toBe(false);
    expect(matches(run, { status: ["error"] })).toBe(false);
    expect(matches(run, { cost_status: ["unpriced"] })).toBe(false);
  });

  it("belongs only in a period that holds it, the end not included", () => {
    const from = "2026-11-20T00:00:00.000Z";
    expect(matches(run, { from, to: "2026-11-21T00:00:00.000Z" })).toBe(true);
    expect(matches(run, { from, to: run.started_at })).toBe(false);
  });
});

describe("the question to the API", () => {
  it("has no end for a rolling period and is the same within a minute", () => {
    const now = new Date("2026-11-20T12:00:30Z").getTime();
    const params = toParams({ model: ["o3"] }, now);
    expect(params).toMatchObject({ from: "2026-11-13T12:00:00.000Z", to: undefined });
    expect(toParams({ model: ["o3"] }, now + 20_000)).toEqual(params);
  });
});

describe("a filter", () => {
  it("takes a value in and out, and vanishes with the last", () => {
    expect(toggle(undefined, "a")).toEqual(["a"]);
    expect(toggle(["a"], "b")).toEqual(["a", "b"]);
    expect(toggle(["a", "b"], "a")).toEqual(["b"]);
    expect(toggle(["a"], "a")).toBeUndefined();
  });
});
