import { beforeEach, describe, expect, it, vi } from "vitest";
import { Allocator } from "@/charts/palette";

describe("places in a palette", () => {
  it("depend on the name, not on the order of asking", () => {
    const names = ["gpt-4o", "o3"];
    const forth = new Allocator(64);
    const back = new Allocator(64);
    for (const name of names) forth.place(name);
    for (const name of names.toReversed()) back.place(name);
    expect(forth.snapshot()).toEqual(back.snapshot());
  });

  it("are never shared while there are free ones", () => {
    const allocator = new Allocator(8);
    const places = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => allocator.place(name));
    expect(new Set(places).size).toBe(8);
    expect(allocator.place("one too many")).toBeLessThan(8);
  });

  it("that are remembered win over those a name would get", () => {
    expect(new Allocator(8, { "gpt-4o": 5 }).place("gpt-4o")).toBe(5);
    expect(new Allocator(4, { broken: 17 }).snapshot()).toEqual({});
  });
});

describe("the colour of a model", () => {
  beforeEach(() => {
    vi.resetModules();
    localStorage.clear();
  });
  const fresh = async () => (await import("@/charts/palette")).colorOf;
  const hue = (color: string) => /--cat-(\d)/.exec(color)?.[1];

  it("shares its hue with the other models of the provider, and no shade", async () => {
    const colorOf = await fresh();
    const [one, two] = [colorOf("openai", "gpt-4o"), colorOf("openai", "gpt-4o-mini")];
    expect(hue(one)).toBe(hue(two));
    expect(one).not.toBe(two);
  });

  it("has another hue than the models of another provider", async () => {
    const colorOf = await fresh();
    expect(hue(colorOf("openai", "gpt-4o"))).not.toBe(hue(colorOf("anthropic", "claude")));
  });

  it("is the same on the next visit, even when other models are seen first", async () => {
    const first = await fresh();
    const names = ["a", "b", "c", "d", "e", "f"];
    const before = names.map((name) => first("openai", name));
    vi.resetModules();
    const second = await fresh();
    const after = names.toReversed().map((name) => second("openai", name));
    expect(after.toReversed()).toEqual(before);
  });

  it("is grey for what has no name", async () => {
    const colorOf = await fresh();
    expect(colorOf("openai", null)).toBe("var(--cat-other)");
  });

  it("survives a memory that holds nonsense", async () => {
    localStorage.setItem("quotah.colours", "{");
    const colorOf = await fresh();
    expect(colorOf("openai", "gpt-4o")).toContain("oklch");
  });
});
