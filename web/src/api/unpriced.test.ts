import { describe, expect, it } from "vitest";
import { needsPrice } from "@/api/unpriced";

describe("an unpriced call", () => {
  it.each([
    "no price known for model 'gpt-in-house-7' of openai",
    "no price known for model 'the usage of tea' of openai",
    "no rate known for image",
  ])("waits for a price: %s", (reason) => expect(needsPrice({ reason })).toBe(true));

  it.each([
    "the provider reported no usage",
    "the reported usage cannot be trusted: contradiction:total_tokens",
  ])("is helped by no price: %s", (reason) => expect(needsPrice({ reason })).toBe(false));
});
