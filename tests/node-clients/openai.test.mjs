// OpenAI's client for Node.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { AzureOpenAI, toFile } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
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

const client = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: key, maxRetries: 0 });
const model = "gpt-4o";
const weather = { type: "function", function: { name: "get_weather", parameters: city } };

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("");
const all = async (stream) => {
  const found = [];
  for await (const item of stream) found.push(item);
  return found;
};

test("a chat is answered, whole and streamed alike", async () => {
  const whole = await client.chat.completions.create({ model, messages: hello });
  const chunks = await all(
    await client.chat.completions.create({ model, messages: hello, stream: true }),
  );
  assert.equal(textOf(chunks), whole.choices[0].message.content);
  assert.ok(chunks.every((chunk) => !chunk.usage));
});

test("an answer tells its event, whole and streamed", async () => {
  for (const stream of [false, true]) {
    const { data, response } = await client.chat.completions
      .create({ model, messages: hello, stream })
      .withResponse();
    if (stream) await all(data);
    assert.match(response.headers.get("x-quotah-event-id"), eventId);
  }
});

test("a stream that asks for usage gets it", async () => {
  const chunks = await all(
    await client.chat.completions.create({
      model,
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
  assert.ok(chunks.at(-1).usage.total_tokens > 0);
});

test("tools are called, whole and streamed", async () => {
  const asked = { model, messages: askForWeather, tools: [weather] };
  const whole = await client.chat.completions.create(asked);
  assert.equal(whole.choices[0].message.tool_calls[0].function.arguments, '{"city":"example"}');
  const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
  assert.deepEqual(
    streamed.choices[0].message.tool_calls[0].function.arguments,
    whole.choices[0].message.tool_calls[0].function.arguments,
  );
});

test("structured answers are parsed", async () => {
  const person = z.object({ name: z.string(), age: z.number().int().min(1) });
  const answer = await client.chat.completions.parse({
    model,
    messages: hello,
    response_format: zodResponseFormat(person, "person"),
  });
  assert.deepEqual(answer.choices[0].message.parsed, { name: "example", age: 1 });
});

test("a picture of twenty megabytes is taken", async () => {
  const part = { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } };
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: [part] }],
  });
  assert.ok(answer.choices[0].message.content);
});

test("a response is streamed, and retrieved by its id", async () => {
  const made = await client.responses.stream({ model, input: "Hello" }).finalResponse();
  const kept = await client.responses.retrieve(made.id);
  assert.equal(kept.output_text, made.output_text);
});

test("embeddings, speech and transcriptions pass", async () => {
  const found = await client.embeddings.create({ model: "text-embedding-3-small", input: "a" });
  assert.equal(found.data[0].embedding.length, 1536);
  const sound = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Hi" });
  const bytes = Buffer.from(await sound.arrayBuffer());
  assert.equal(bytes.subarray(0, 4).toString(), "RIFF");
  const heard = await client.audio.transcriptions.create({
    model: "gpt-4o-transcribe",
    file: await toFile(bytes, "a.wav"),
  });
  assert.ok(heard.text);
});

test("models are listed", async () => {
  const found = await all(await client.models.list());
  assert.ok(found.some((item) => item.id === model));
});

test("Azure's client names a deployment", async () => {
  const azure = new AzureOpenAI({
    endpoint: `${url}/azure`,
    apiKey: key,
    apiVersion: "2024-10-21",
    maxRetries: 0,
  });
  const chunks = await all(
    await azure.chat.completions.create({ model, messages: hello, stream: true }),
  );
  assert.ok(textOf(chunks));
});

test("a provider's error and a refusal of ours read alike", async () => {
  await assert.rejects(
    client.chat.completions.create({ model: "mock-error-429", messages: hello }),
    (error) =>
      error instanceof OpenAI.RateLimitError &&
      eventId.test(error.headers.get("x-quotah-event-id")),
  );
  const stranger = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: "qk_gw_no", maxRetries: 0 });
  await assert.rejects(
    stranger.chat.completions.create({ model, messages: hello }),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
  );
});

test("the client tries again by itself", async () => {
  const answer = await client.chat.completions.create(
    { model, messages: hello },
    {
      maxRetries: 2,
      headers: {
        "x-mock-fail-first": "1",
        "x-mock-fault-id": "openai-node",
        "x-mock-retry-after-ms": "1",
      },
    },
  );
  assert.ok(answer.choices[0].message.content);
});

test("an aborted stream ends at once", async () => {
  const stream = await client.chat.completions.create(
    { model, messages: hello, stream: true },
    { headers: { "x-mock-pace-ms": "20", "x-mock-deltas": "60" } },
  );
  let seen = 0;
  for await (const _ of stream) {
    seen += 1;
    if (seen === 3) stream.controller.abort();
  }
  assert.ok(seen >= 3 && seen < 60);
});

test("an aborted call is rejected", async () => {
  const patience = AbortSignal.timeout(200);
  await assertAborted(
    client.chat.completions.create(
      { model, messages: hello },
      { signal: patience, headers: { "x-mock-first-byte-ms": "2000" } },
    ),
  );
});
