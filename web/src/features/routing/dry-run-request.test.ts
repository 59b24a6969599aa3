import { describe, expect, it } from "vitest";
import { requestFor, toAsked } from "@/features/routing/dry-run-request";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { toValues } from "@/features/routing/values";

const MOUNTS = [
  { name: "claude", provider: "anthropic" },
  { name: "openai", provider: "openai" },
];
const EMPTY = toValues(EMPTY_ROUTE);

describe("the request that a draft is tried with", () => {
  it("fits every condition of the draft", () => {
    const match = {
      mounts: ["openai"],
      models: ["gpt-4o*"],
      operations: ["embeddings"],
      projects: ["prj_1"],
      keys: ["key_1"],
      features: ["search"],
      environments: ["test"],
    };
    expect(toAsked(requestFor({ ...EMPTY, match }, MOUNTS))).toEqual({
      mount: "openai",
      model: "gpt-4o",
      operation: "embeddings",
      project_id: "prj_1",
      key_id: "key_1",
      feature: "search",
      environment: "test",
      streaming: false,
    });
  });

  it("of a draft for every call goes to a provider that is there, with a model of its kind", () => {
    expect(requestFor(EMPTY, MOUNTS)).toMatchObject({ mount: "openai", model: "gpt-4o" });
    expect(toAsked(requestFor(EMPTY, MOUNTS.slice(0, 1)))).toEqual({
      mount: "claude",
      model: "claude-sonnet-4-5",
      operation: "messages",
      streaming: false,
    });
  });

  it("can be made where nothing is connected", () => {
    expect(requestFor(EMPTY, [])).toMatchObject({ mount: "openai", model: "gpt-4o" });
  });

  it("says that there is no model rather than an empty one", () => {
    expect(toAsked({ ...requestFor(EMPTY, MOUNTS), model: " " }).model).toBeNull();
  });
});
