import { describe, expect, it } from "vitest";
import type { KeyRules } from "@/api/keys";
import {
  editSchema,
  NO_RULES,
  placeOf,
  ruleWords,
  toRules,
  toRuleValues,
} from "@/features/settings/key-values";

const FULL: KeyRules = {
  models: ["gpt-4o*", "o3"],
  mounts: ["openai"],
  requests_per_minute: 60,
  tokens_per_minute: 100_000,
  byok: false,
  environment: "production",
  defaults: {
    user: null,
    team: "search",
    session: null,
    feature: "answers",
    prompt: "greeting@3",
    tags: { region: "eu", formula: "a=b" },
  },
};

describe("what a key may do", () => {
  it("comes out of the form as it went in", () => {
    expect(toRules(toRuleValues(FULL))).toEqual(FULL);
  });

  it("is everything where nothing is said", () => {
    expect(toRules(NO_RULES)).toMatchObject({ models: [], requests_per_minute: null, byok: true });
    expect(ruleWords(toRules(NO_RULES))).toEqual([]);
  });

  it("is told in few words", () => {
    expect(ruleWords(FULL)).toEqual([
      "gpt-4o* and o3",
      "at openai",
      "60 requests/min",
      "100k tokens/min",
      "no keys of callers",
      "production",
      "with defaults",
    ]);
  });

  it.each(["0", "1.5", "many"])("has no limit of %s", (text) => {
    const values = { name: "one", ...NO_RULES, requests_per_minute: text };
    expect(editSchema.safeParse(values).success).toBe(false);
  });

  it("needs a name and a value of every tag", () => {
    const defaults = { ...NO_RULES.defaults, tags: ["region"] };
    expect(editSchema.safeParse({ name: "one", ...NO_RULES, defaults }).success).toBe(false);
  });
});

describe("what the API says of a field of a key", () => {
  it.each([
    ["models.0", "models"],
    ["requests_per_minute", "requests_per_minute"],
    ["defaults.tags.region", "defaults.tags"],
    ["defaults.prompt", "defaults.prompt"],
    ["project_id", null],
  ])("%s is shown at %s", (field, place) => {
    expect(placeOf(field)).toBe(place);
  });
});
