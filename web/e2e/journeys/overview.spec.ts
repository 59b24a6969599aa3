import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

test("the overview shows cost by model for the chosen range and keeps it in the URL", async ({
  page,
  freshStack,
  openAs,
}) => {
  const owner = await openAs(freshStack, "/");
  const key = await owner.connectMock();
  const prompt = "[mock: input-tokens=1000000 output-tokens=0] Rivers?";
  await call("openai", { gateway: freshStack.gateway, key, model: "gpt-5-mini", prompt });
  await call("openai", { gateway: freshStack.gateway, key, model: "gpt-4o-mini", prompt });

  const table = page.getByRole("table").filter({ hasText: /model/i }).first();
  await expect(table.getByRole("row").filter({ hasText: "gpt-5-mini" })).toContainText("$0.25");
  await expect(table.getByRole("row").filter({ hasText: "gpt-4o-mini" })).toContainText("$0.15");

  await page.getByRole("button", { name: /last 7 days/i }).click();
  await page.getByRole("button", { name: /last 30 days|30 days/i }).click();
  await expect(page).toHaveURL(/range=30d/);
  await page.reload();
  await expect(page.getByRole("button", { name: /last 30 days/i })).toBeVisible();
  await expect(table.getByRole("row").filter({ hasText: "gpt-5-mini" })).toContainText("$0.25");
});

test("a call made while the overview is open appears without a reload", async ({
  page,
  freshStack,
  openAs,
}) => {
  const owner = await openAs(freshStack, "/");
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  const key = await owner.connectMock();
  await call("anthropic", { gateway: freshStack.gateway, key, model: "claude-haiku-4-5" });
  await expect(page.getByText("claude-haiku-4-5").first()).toBeVisible({ timeout: 5_000 });
});
