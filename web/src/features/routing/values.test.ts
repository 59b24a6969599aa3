import { describe, expect, it } from "vitest";
import type { RouteIn } from "@/api/routing-types";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { placeOf } from "@/features/routing/problem-place";
import { draftOf, problemsOf, schema, toRoute, toValues } from "@/features/routing/values";

const FULL: RouteIn = {
  name: "Search",
  enabled: false,
  match: {
    mounts: ["openai"],
    models: ["gpt-4o*"],
    operations: ["chat"],
    projects: ["prj_1"],
    keys: ["key_1"],
    features: ["search"],
    environments: ["production"],
  },
  strategy: "weighted",
  targets: [
    { mount: null, model: null, weight: 7 },
    { mount: "groq", model: "llama-3.3-70b", weight: 3 },
  ],
  retry: {
    tries: 3,
    statuses: [429, 529],
    connection: false,
    lost: true,
    backoff_ms: 250,
    max_backoff_ms: 4_000,
    max_wait_ms: 30_000,
  },
  timeouts: { connect_ms: 2_500, first_byte_ms: 10_000, idle_ms: null },
  disconnect: "abort",
  cache: { ttl_s: 7_200, max_bytes: 524_288 },
  refuse_when_open: true,
};

describe("the form of a route", () => {
  it("gives back what it was given, to the last field", () => {
    expect(toRoute(toValues(FULL))).toEqual(FULL);
    const named = { ...EMPTY_ROUTE, name: "All" };
    expect(toRoute(toValues(named))).toEqual(named);
  });

  it("shows time in seconds and the life of an answer in its largest unit", () => {
    const values = toValues(FULL);
    expect([values.connect_s, values.backoff_s, values.idle_s]).toEqual(["2.5", "0.25", ""]);
    expect([values.ttl, values.ttl_unit, values.max_mb]).toEqual(["2", "hours", "0.5"]);
  });

  it("takes what has no problem", () => {
    expect(schema.safeParse(toValues(FULL)).success).toBe(true);
  });

  it("needs a weight where targets are drawn by weight, and no target twice", () => {
    const values = toValues(FULL);
    const weightless = values.targets.map((each) => ({ ...each, weight: "0" }));
    expect(problemsOf({ ...values, targets: weightless }).map(({ path }) => path)).toEqual([
      ["targets", 0, "weight"],
    ]);
    const twice = [...values.targets, { mount: "", model: "", weight: "1" }];
    expect(problemsOf({ ...values, targets: twice }).map(({ path }) => path)).toEqual([
      ["targets", 2, "mount"],
    ]);
  });

  it("minds the cache only where there is one", () => {
    const values = { ...toValues(FULL), ttl: "soon" };
    expect(problemsOf(values)).toHaveLength(1);
    expect(problemsOf({ ...values, cached: false })).toEqual([]);
  });

  it.each([
    ["tries", "0"],
    ["tries", "2.5"],
    ["first_byte_s", "-1"],
    ["idle_s", "soon"],
  ])("refuses %s of %s", (field, text) => {
    expect(schema.safeParse({ ...toValues(FULL), [field]: text }).success).toBe(false);
  });
});

describe("a draft", () => {
  it("needs no name to be tried", () => {
    expect(draftOf(toValues(EMPTY_ROUTE))?.name).toBe("This draft");
  });

  it("is nothing while one of its fields has a problem", () => {
    expect(draftOf({ ...toValues(FULL), tries: "many" })).toBeNull();
  });
});

describe("what the API says of a field", () => {
  it.each([
    ["name", "name"],
    ["retry.max_wait_ms", "max_wait_s"],
    ["targets[1].model", "targets.1.model"],
    ["targets.0", "targets.0.mount"],
    ["match.models.2", "match.models"],
    ["cache.ttl_s", "ttl"],
    ["body.retry.statuses[3]", "statuses"],
    ["position", null],
    [null, null],
  ])("%s is shown at %s", (field, place) => {
    expect(placeOf(field)).toBe(place);
  });
});
