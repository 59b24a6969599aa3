// Anthropic's client for Node.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import {
  askForWeather,
  assertAborted,
  city,
  eventId,
  hello,
  key,
  picture,
  url,
} from "./gateway.mjs";

const client = new Anthropic({ baseURL: `${url}/anthropic`, apiKey: key, maxRetries: 0 });
const asked = { model: "claude-sonnet-4-6", max_tokens: 300, messages: hello };
const weather = { name: "get_weather", description: "", input_schema: city };

test("a message is answered, whole and streamed alike, and tells its event", async () => {
  const { data: whole, response } = await client.messages.create(asked).withResponse();
  assert.match(response.headers.get("x-quotah-event-id"), eventId);
  const streamed = await client.messages.stream(asked).finalMessage();
  assert.equal(streamed.content[0].text, whole.content[0].text);
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
});

test("events of a stream come in order", async () => {
  const kinds = [];
  for await (const event of await client.messages.create({ ...asked, stream: true }))
    kinds.push(event.type);
  assert.equal(kinds[0], "message_start");
  assert.equal(kinds.at(-1), "message_stop");
});

test("tools are called, whole and streamed", async () => {
  const question = { ...asked, messages: askForWeather, tools: [weather] };
  const whole = await client.messages.create(question);
  assert.deepEqual(whole.content.at(-1).input, { city: "example" });
  const streamed = await client.messages.stream(question).finalMessage();
  assert.deepEqual(streamed.content.at(-1).input, { city: "example" });
});

test("structured answers fit their schema", async () => {
  const answer = await client.messages.create({
    ...asked,
    output_config: { format: { type: "json_schema", schema: city } },
  });
  assert.deepEqual(JSON.parse(answer.content[0].text), { city: "example" });
});

test("a picture of twenty megabytes is taken", async () => {
  const source = { type: "base64", media_type: "image/png", data: picture };
  const messages = [{ role: "user", content: [{ type: "image", source }] }];
  const answer = await client.messages.create({ ...asked, messages });
  assert.ok(answer.usage.input_tokens > 1000);
});

test("counts, models and batches pass", async () => {
  const counted = await client.messages.countTokens({ model: asked.model, messages: hello });
  assert.equal(counted.input_tokens, 9);
  const models = await client.models.list();
  assert.ok(models.data.some((item) => item.id === asked.model));
  const batch = await client.messages.batches.create({
    requests: [{ custom_id: "a", params: asked }],
  });
  assert.equal((await client.messages.batches.retrieve(batch.id)).processing_status, "ended");
});

test("a provider's error and a refusal of ours read alike", async () => {
  await assert.rejects(
    client.messages.create({ ...asked, model: "mock-error-529" }),
    (error) => error.status === 529 && eventId.test(error.headers.get("x-quotah-event-id")),
  );
  const stranger = new Anthropic({ baseURL: `${url}/anthropic`, apiKey: "no", maxRetries: 0 });
  await assert.rejects(
    stranger.messages.create(asked),
    (error) => error instanceof Anthropic.AuthenticationError,
  );
});

test("an aborted stream ends at once", async () => {
  const stream = client.messages.stream(asked, {
    headers: { "x-mock-pace-ms": "20", "x-mock-deltas": "60" },
  });
  stream.on("text", () => stream.abort());
  await assertAborted(stream.finalMessage());
});
