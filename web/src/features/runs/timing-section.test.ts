import { describe, expect, it } from "vitest";
import { timingParts, tokensPerSecond } from "@/features/runs/timing-section";

const usage = {
  input_tokens: 10,
  output_tokens: 100,
  cache_read_input_tokens: null,
  cache_write_input_tokens: null,
  reasoning_output_tokens: null,
  units: {},
};

describe("the parts of a call's time", () => {
  it("are the wait for the first byte and the stream, and add up to the whole", () => {
    const parts = timingParts({ latency_ms: 2300, ttft_ms: 300, streaming: true });
    expect(parts.map(({ label, ms }) => [label, ms])).toEqual([
      ["To first byte", 300],
      ["Stream", 2000],
    ]);
  });

  it("are one where the first byte is not known or makes no sense", () => {
    expect(timingParts({ latency_ms: 900, ttft_ms: null, streaming: false })).toHaveLength(1);
    expect(timingParts({ latency_ms: 900, ttft_ms: 901, streaming: true })).toHaveLength(1);
  });

  it("are none for a call that did not end", () => {
    expect(timingParts({ latency_ms: null, ttft_ms: 300, streaming: true })).toEqual([]);
  });
});

describe("the speed of a stream", () => {
  it("counts output tokens after the first byte", () => {
    const run = { latency_ms: 2300, ttft_ms: 300, streaming: true, usage };
    expect(tokensPerSecond(run)).toBe(50);
  });

  it("is unknown without a stream, without tokens, or in too short a time", () => {
    const run = { latency_ms: 2300, ttft_ms: 300, streaming: true, usage };
    expect(tokensPerSecond({ ...run, streaming: false })).toBeNull();
    expect(tokensPerSecond({ ...run, latency_ms: 310 })).toBeNull();
    expect(tokensPerSecond({ ...run, usage: { ...usage, output_tokens: null } })).toBeNull();
  });
});
