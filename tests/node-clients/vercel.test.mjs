// The Vercel AI SDK with its providers for OpenAI and Anthropic.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { embed, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { assertAborted, eventId, key, picture, url } from "./gateway.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const openai = createOpenAI({ baseURL: `${url}/openai/v1`, apiKey: key });
const anthropic = createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey: key });
const models = {
  "OpenAI's responses": openai("gpt-4o"),
  "OpenAI's chat": openai.chat("gpt-4o"),
  "Anthropic's messages": anthropic("claude-sonnet-4-6"),
};
const get_weather = tool({
  description: "Tell the weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

for (const [name, model] of Object.entries(models)) {
  test(`${name}: text, whole and streamed alike, with the event's id`, async () => {
    const whole = await generateText({ model, prompt: "Hello", maxRetries: 0 });
    assert.match(whole.response.headers["x-quotah-event-id"], eventId);
    const stream = streamText({ model, prompt: "Hello", maxRetries: 0 });
    assert.equal(await stream.text, whole.text);
    assert.ok((await stream.usage).outputTokens > 0);
  });

  test(`${name}: tools are called and their results taken`, async () => {
    const answer = await generateText({
      model,
      prompt: "get weather",
      tools: { get_weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    assert.equal(answer.steps.length, 2);
    assert.deepEqual(answer.steps[0].toolCalls[0].input, { city: "example" });
    assert.ok(answer.text);
  });

  test(`${name}: objects fit their schema`, async () => {
    const schema = z.object({ name: z.string(), age: z.number().int().min(1) });
    const asked = { model, prompt: "Who?", output: Output.object({ schema }), maxRetries: 0 };
    assert.deepEqual((await generateText(asked)).output, { name: "example", age: 1 });
    const stream = streamText(asked);
    assert.deepEqual(await stream.output, { name: "example", age: 1 });
  });

  test(`${name}: an aborted stream ends at once`, async () => {
    const controller = new AbortController();
    const stream = streamText({
      model,
      prompt: "Hello",
      abortSignal: controller.signal,
      headers: { "x-mock-pace-ms": "20", "x-mock-deltas": "60" },
      maxRetries: 0,
    });
    const kinds = [];
    for await (const part of stream.fullStream) {
      kinds.push(part.type);
      if (part.type === "text-delta") controller.abort();
    }
    assert.equal(kinds.at(-1), "abort");
  });
}

test("an aborted call is rejected", async () => {
  await assertAborted(
    generateText({
      model: models["OpenAI's chat"],
      prompt: "Hello",
      abortSignal: AbortSignal.timeout(200),
      headers: { "x-mock-first-byte-ms": "2000" },
      maxRetries: 0,
    }),
  );
});

test("a picture of twenty megabytes is taken", async () => {
  const content = [{ type: "file", data: picture, mediaType: "image/png" }];
  const messages = [{ role: "user", content }];
  const model = models["OpenAI's chat"];
  assert.ok((await generateText({ model, messages, maxRetries: 0 })).text);
});

test("vectors come as numbers", async () => {
  const model = openai.embedding("text-embedding-3-small");
  assert.equal((await embed({ model, value: "a" })).embedding.length, 1536);
});

test("the SDK tries again by itself", async () => {
  const answer = await generateText({
    model: models["OpenAI's chat"],
    prompt: "Hello",
    maxRetries: 2,
    headers: {
      "x-mock-fail-first": "1",
      "x-mock-fault-id": "vercel",
      "x-mock-retry-after-ms": "1",
    },
  });
  assert.ok(answer.text);
});
