import { describe, expect, it } from "vitest";
import { parseSearch, readList, readOne, readText, stringifySearch } from "@/lib/search";

describe("a search string", () => {
  it("reads as people would write it", () => {
    expect(parseSearch("?range=30d&model=gpt-4o&model=o3&empty=")).toEqual({
      range: "30d",
      model: ["gpt-4o", "o3"],
    });
  });

  it("survives the way there and back, whatever a value holds", () => {
    const search = { feature: ["a b&c=d", "ü,1"], from: "2026-11-01T00:00:00.000Z", model: ["x"] };
    expect(parseSearch(stringifySearch(search))).toEqual({ ...search, model: "x" });
    expect(readList(parseSearch(stringifySearch(search)).model)).toEqual(["x"]);
  });

  it("leaves out what is empty", () => {
    expect(stringifySearch({ range: undefined, model: [], grain: "" })).toBe("");
  });

  it("keeps instants legible", () => {
    expect(stringifySearch({ from: "2026-11-01T00:00:00Z" })).toBe("?from=2026-11-01T00:00:00Z");
  });
});

describe("values of a search", () => {
  it("are taken only when they are what is wanted", () => {
    expect(readOne("day", ["hour", "day"] as const)).toBe("day");
    expect(readOne("year", ["hour", "day"] as const)).toBeUndefined();
    expect(readText(["a", "b"])).toBe("a");
    expect(readText(7)).toBeUndefined();
    expect(readList("a")).toEqual(["a"]);
    expect(readList(["a", "a", 3, ""])).toEqual(["a"]);
    expect(readList(undefined)).toBeUndefined();
  });
});
