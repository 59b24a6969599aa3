// Where the gateway is, as the Python test that started it says, and what every client asks of it.

import assert from "node:assert/strict";

export const url = process.env.GATEWAY_URL;
export const key = process.env.GATEWAY_KEY;
assert.ok(url && key, "GATEWAY_URL and GATEWAY_KEY say where the gateway is");

export const hello = [{ role: "user", content: "Hello" }];
export const askForWeather = [{ role: "user", content: "get weather" }];

export const city = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

/** A picture of twenty megabytes, in base64. */
export const picture = Buffer.alloc(15 * 2 ** 20, 7).toString("base64");

export const eventId = /^evt_[0-9a-f-]{32,36}$/;

/** Fails unless a call was aborted by whoever made it. */
export async function assertAborted(promise) {
  await assert.rejects(promise, (error) => /abort/i.test(`${error.name} ${error.message}`));
}
