import type { Page } from "@playwright/test";
import { Account } from "../harness/account.ts";
import type { Stack } from "../harness/stack.ts";
import { carrySession, test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";
import { at, picture, type Shot, unanswered } from "./camera.ts";

const VIEWS: Record<string, string> = {
  "prices-book": "",
  "prices-model": "?model=gemini/gemini-2.5-pro",
  "prices-model-scheduled": "?model=deepseek/deepseek-v4-pro",
  "prices-overrides": "?view=overrides",
  "prices-reported": "?view=reported",
  "prices-updates": "?view=updates",
  "prices-disagreements": "?view=disagreements",
};
const UNPRICED = "gpt-in-house-7";

test("prices, with nothing set, with a little, and failing", async ({
  browser,
  freshStack,
  context,
}) => {
  test.setTimeout(1_500_000);
  const open = freshStack.dashboard;
  const owner = await Account.setUp(freshStack);
  await owner.skipOnboarding();
  await carrySession(context, freshStack, owner);
  const state = await context.storageState();
  await picture(browser, state, all(freshStack, "empty"));

  await settle(owner, freshStack);
  await picture(browser, state, [
    ...all(freshStack, "little"),
    at("prices-nothing-found", `${open}/settings/pricing?q=gpt-in-house`),
    at("prices-dialog", `${open}/settings/pricing?model=openai/gpt-4o`, refusedRate),
    at("prices-reprice", `${open}/settings/pricing?view=overrides`, dryRun),
    at("prices-unpriced-overview", `${open}/`),
    at("prices-unpriced-runs", `${open}/runs?cost_status=unpriced`),
    at("prices-unpriced-run", `${open}/runs?cost_status=unpriced`, openRun),
    at("prices-behind-a-sum", `${open}/`, behindDollar),
    at("prices-behind-a-run", `${open}/runs?model=gpt-5-mini-2025-08-07`, behindDollar),
  ]);
  await picture(
    browser,
    state,
    unanswered(all(freshStack, "failing"), (path) => path.startsWith("/api/v1/prices")),
  );
});

/** A few calls, one of a model without a price, and prices of the workspace's own. */
async function settle(owner: Account, stack: Stack): Promise<void> {
  const key = await owner.connectMock();
  const prompt = "[mock: input-tokens=24630 cached-tokens=19200 output-tokens=3510] Rivers?";
  for (const model of ["gpt-5-mini", "gpt-4o", UNPRICED]) {
    await call("openai", { gateway: stack.gateway, key, model, prompt });
  }
  await call("anthropic", { gateway: stack.gateway, key, model: "claude-haiku-4-5", prompt });
  const contract = { from: "2026-10-01T00:00:00Z", note: "Contract of October" };
  for (const body of [
    { provider: "openai", model: "gpt-4o*", rates: { input: "2.1", output: "8.4" }, ...contract },
    { provider: "anthropic", model: "*", factor: "0.85" },
    { provider: "xai", model: "*", factor: "1.05", until: "2026-03-01T00:00:00Z" },
  ]) {
    await owner.request("POST", "/prices/overrides", body);
  }
}

function all(stack: Stack, suffix: string): Shot[] {
  return Object.entries(VIEWS).map(([name, search]) =>
    at(`${name}-${suffix}`, `${stack.dashboard}/settings/pricing${search}`),
  );
}

async function refusedRate(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Set a price" }).click();
  const rate = (unit: string) => page.getByLabel(`Rate for ${unit}`, { exact: true });
  await rate("input tokens").fill("2.1");
  await rate("output tokens").fill("8,4");
  await page.getByRole("button", { name: "Save price" }).click();
  await page.getByText("Write a plain number").waitFor();
}

async function dryRun(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Re-price past calls" }).click();
  await page.getByRole("button", { name: /^Apply to/ }).waitFor();
}

async function openRun(page: Page): Promise<void> {
  await page.locator('a[href*="/runs/run_"]').first().click();
  await page.getByRole("button", { name: "Set a price" }).waitFor();
}

/** On a phone the amounts of the run list stand in links: there the page stays as it is. */
async function behindDollar(page: Page): Promise<void> {
  const dollar = page.getByRole("button", { name: /^\$/ }).first();
  if (!(await dollar.isVisible())) return;
  await dollar.click();
  await page.getByText("Prices of version").waitFor();
}
