import { describe, expect, it } from "vitest";
import { mountsOf, sharesOfKeys } from "@/api/mounts";
import type { Provider } from "@/api/providers";

const key = (id: string, mount: string, changes: Partial<Provider> = {}) =>
  ({
    id,
    mount,
    provider: mount,
    weight: 1,
    enabled: true,
    created_at: id,
    ...changes,
  }) as Provider;

describe("provider keys by their mount", () => {
  it("stand in the order in which they were added, mounts in that of their names", () => {
    const items = [key("c", "openai"), key("b", "groq"), key("a", "openai")];
    expect(mountsOf(items).map(({ name, keys }) => [name, keys.map(({ id }) => id)])).toEqual([
      ["groq", ["b"]],
      ["openai", ["a", "c"]],
    ]);
  });

  it("share its calls by their weights, those that are off left out", () => {
    const keys = [
      key("a", "openai", { weight: 1 }),
      key("b", "openai", { weight: 3 }),
      key("c", "openai", { weight: 4, enabled: false }),
    ];
    expect([...sharesOfKeys(keys)]).toEqual([
      ["a", 0.25],
      ["b", 0.75],
      ["c", 0],
    ]);
  });

  it("of weight 0 alone have no share", () => {
    expect(sharesOfKeys([key("a", "openai", { weight: 0 })]).get("a")).toBe(0);
  });
});
