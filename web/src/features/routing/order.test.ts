import { describe, expect, it } from "vitest";
import type { Route } from "@/api/routing-types";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { moved, shadowOf } from "@/features/routing/order";

const route = (name: string, match: Partial<Route["match"]>, enabled = true): Route => ({
  ...EMPTY_ROUTE,
  id: name,
  name,
  enabled,
  match: { ...EMPTY_ROUTE.match, ...match },
  position: 0,
  created_at: "",
  updated_at: "",
});

describe("moving a route", () => {
  it("puts it up, down, and no further than the ends", () => {
    expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], 0, 9)).toEqual(["b", "c", "a"]);
    expect(moved(["a"], 4, 0)).toEqual(["a"]);
  });
});

describe("a route that is never reached", () => {
  it("stands behind one that takes every call", () => {
    const routes = [route("all", {}), route("gpt", { models: ["gpt-4o"] })];
    expect(shadowOf(routes, 1)?.name).toBe("all");
    expect(shadowOf(routes, 0)).toBeNull();
  });

  it("stands behind one whose pattern holds all its models", () => {
    const wide = route("wide", { models: ["gpt-4*"] });
    expect(shadowOf([wide, route("one", { models: ["gpt-4o", "gpt-4.1"] })], 1)).toBe(wide);
    expect(shadowOf([wide, route("one", { models: ["gpt-4o", "o3"] })], 1)).toBeNull();
    expect(shadowOf([wide, route("any", {})], 1)).toBeNull();
  });

  it("is reached when the one before it is off, or asks for more", () => {
    expect(shadowOf([route("all", {}, false), route("one", {})], 1)).toBeNull();
    const test = route("test", { environments: ["test"] });
    expect(shadowOf([test, route("one", { models: ["gpt-4o"] })], 1)).toBeNull();
  });
});
