import { expect } from "@playwright/test";
import { dollars, pico, total } from "../harness/arithmetic.ts";
import { eventually } from "../harness/eventually.ts";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

/** Prices per million tokens as the vendors publish them, written here a second time on purpose. */
const GPT_5_MINI = { input: "0.25", cached: "0.025", output: "2" };
const HAIKU = { input: "1", cacheRead: "0.1", cacheWrite: "1.25", output: "5" };

interface Run {
  id: string;
  cost_usd: string;
}

test("a developer streams a call and reads its arithmetic on the run page to the last digit", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  const key = await owner.connectMock();
  const called = await call("openai", {
    gateway: stack.gateway,
    key,
    model: "gpt-5-mini",
    feature: "river-guide",
    stream: true,
    prompt: "[mock: input-tokens=2463 cached-tokens=1920 output-tokens=351 pace-ms=5] Rivers?",
  });
  expect(called.chunks).toBeGreaterThan(3);
  const usage = called.usage as {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details: { cached_tokens: number };
  };
  const cached = usage.prompt_tokens_details.cached_tokens;
  expect([usage.prompt_tokens, cached, usage.completion_tokens]).toEqual([2463, 1920, 351]);
  const cost = total([
    { quantity: usage.prompt_tokens - cached, perMillion: GPT_5_MINI.input },
    { quantity: cached, perMillion: GPT_5_MINI.cached },
    { quantity: usage.completion_tokens, perMillion: GPT_5_MINI.output },
  ]);

  const run = await eventually(() => owner.request<Run>("GET", `/runs/${called.event_id}`));
  expect(pico(run.cost_usd)).toBe(cost);
  await page.goto(`/runs/${run.id}`);
  const arithmetic = page.getByRole("table", { name: /make up the cost/ });
  await expect(arithmetic).toContainText("543 uncached input tokens");
  await expect(arithmetic).toContainText("1,920 cached input tokens");
  await expect(arithmetic).toContainText("= $0.000048");
  await expect(arithmetic).toContainText(`$${dollars(cost)}`);
  await expect(page.getByText("river-guide")).toBeVisible();
  await expect(page.getByText("gpt-5-mini").first()).toBeVisible();
});

test("an Anthropic stream with cache reads and writes adds up to the last digit", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  const key = await owner.connectMock();
  const called = await call("anthropic", {
    gateway: stack.gateway,
    key,
    model: "claude-haiku-4-5",
    stream: true,
    prompt:
      "[mock: input-tokens=4000 cached-tokens=1024 cache-write-tokens=2048 output-tokens=77] Rivers?",
  });
  const usage = called.usage as {
    input_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    output_tokens: number;
  };
  expect(usage.cache_read_input_tokens).toBe(1024);
  expect(usage.cache_creation_input_tokens).toBe(2048);
  const cost = total([
    { quantity: usage.input_tokens, perMillion: HAIKU.input },
    { quantity: usage.cache_read_input_tokens, perMillion: HAIKU.cacheRead },
    { quantity: usage.cache_creation_input_tokens, perMillion: HAIKU.cacheWrite },
    { quantity: usage.output_tokens, perMillion: HAIKU.output },
  ]);
  const run = await eventually(() => owner.request<Run>("GET", `/runs/${called.event_id}`));
  expect(pico(run.cost_usd)).toBe(cost);
  await page.goto(`/runs/${run.id}`);
  await expect(page.getByRole("main")).toContainText(`$${dollars(cost)}`);
});

test("a call of an unknown model is shown as unpriced, not as free", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  const key = await owner.connectMock();
  const model = "gpt-not-in-any-price-list";
  const called = await call("openai", { gateway: stack.gateway, key, model });
  const run = await eventually(() => owner.request<Run>("GET", `/runs/${called.event_id}`));
  expect(run.cost_usd).toBeNull();
  await page.goto(`/runs/${run.id}`);
  await expect(page.getByText(/unpriced/i).first()).toBeVisible();
});

test("an unknown run says so and leads back", async ({ page, signedIn: _ }) => {
  await page.goto("/runs/run_00000000000070008000000000000000");
  await expect(page.getByText(/not found|does not exist|no such/i).first()).toBeVisible();
});
