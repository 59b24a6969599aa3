import { describe, expect, it } from "vitest";
import { kindsOf } from "@/lib/cost-kinds";

const row = {
  cost: "0.000886",
  cost_input: "0.00013575",
  cost_cache_read: "0.000048",
  cost_cache_write: "0",
  cost_output: "0.000702",
  cost_other: "0.01",
  input_tokens: 2463,
  cache_read_tokens: 1920,
  cache_write_tokens: 0,
  output_tokens: 351,
};

describe("the kinds of a cost", () => {
  it("are quantity times rate, cached tokens apart from the input that holds them", () => {
    expect(kindsOf(row).map(({ label, quantity, rate }) => [label, quantity, rate])).toEqual([
      ["uncached input tokens", 543, "0.25"],
      ["cached input tokens", 1920, "0.025"],
      ["output tokens", 351, "2"],
      ["tools, images, named costs", null, null],
    ]);
  });

  it("call a rate an average when it does not come out even", () => {
    const [input] = kindsOf({ ...row, cost_input: "0.00013576" });
    expect(input?.single).toBe(false);
    expect(kindsOf(row)[0]?.single).toBe(true);
  });

  it("keep tokens that cost nothing, and leave out what is not there", () => {
    const free = kindsOf({ input_tokens: 10, cost_input: "0", cost_output: "0" });
    expect(free.map(({ key, rate }) => [key, rate])).toEqual([["input", "0"]]);
    expect(kindsOf({ input_tokens: 10, cost_input: null })).toEqual([]);
  });

  it("show money without a count of tokens as money alone", () => {
    expect(kindsOf({ cost_output: "1.5", output_tokens: 0 })).toEqual([
      {
        key: "output",
        label: "output tokens",
        quantity: null,
        cost: "1.5",
        rate: null,
        single: false,
      },
    ]);
  });
});
