import { expect, type Page } from "@playwright/test";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

interface Run {
  id: string;
  cost_usd: string | null;
  cost_status: string;
}

const MODEL = "gpt-in-house-7";
const PROMPT = "[mock: input-tokens=1000001 output-tokens=500000] Rivers?";
/** 1,000,001 × 0.5 / 1M + 500,000 × 1.25 / 1M. */
const COST = "1.1250005";

test("a model without a price gets one from the overview, and its past calls with it", async ({
  page,
  freshStack,
  openAs,
}) => {
  test.setTimeout(120_000);
  const owner = await openAs(freshStack, "/");
  const key = await owner.connectMock();
  const { gateway } = freshStack;
  const first = await call("openai", { gateway, key, model: MODEL, prompt: PROMPT });
  await call("openai", { gateway, key, model: "gpt-5-mini" });
  const banner = page.getByRole("status").filter({ hasText: "could not be priced" });
  await expect(banner).toContainText(MODEL);

  await banner.getByRole("button", { name: `Set a price for ${MODEL}` }).click();
  const dialog = page.getByRole("dialog", { name: "Set a price" });
  await expect(dialog.getByLabel("Provider")).toHaveValue("openai");
  await expect(dialog.getByLabel("Model", { exact: true })).toHaveValue(MODEL);
  await dialog.getByLabel("Rate for input tokens", { exact: true }).fill("0.5");
  await dialog.getByLabel("Rate for output tokens", { exact: true }).fill("1.25");
  await dialog.getByRole("button", { name: "Save price" }).click();
  await reprice(page);

  await expect(banner).toBeHidden();
  const run = await owner.request<Run>("GET", `/runs/${first.event_id}`);
  expect(run).toMatchObject({ cost_usd: COST, cost_status: "computed" });
  await expect(page.getByRole("row").filter({ hasText: MODEL })).toContainText("$1.13");
  await page.goto(`${freshStack.dashboard}/runs/${run.id}`);
  await expect(page.getByRole("table", { name: /make up the cost/ })).toContainText(`$${COST}`);

  const next = await call("openai", { gateway, key, model: MODEL, prompt: PROMPT });
  await expect
    .poll(() => owner.request<Run>("GET", `/runs/${next.event_id}`).catch(() => null), {
      timeout: 5_000,
    })
    .toMatchObject({ cost_usd: COST });
});

test("an unpriced run says how it gets a price, and its list as well", async ({
  page,
  freshStack,
  openAs,
}) => {
  const owner = await openAs(freshStack, "/");
  const key = await owner.connectMock();
  const made = await call("openai", { gateway: freshStack.gateway, key, model: MODEL });
  await expect(page.getByText("could not be priced")).toBeVisible();
  await page.getByRole("link", { name: "Show them" }).click();
  await expect(page.getByText("1 model has no price")).toBeVisible();
  await expect(page.getByRole("button", { name: `Set a price for ${MODEL}` })).toBeVisible();
  await page.goto(`${freshStack.dashboard}/runs/${made.event_id}`);
  await page.getByRole("button", { name: "Set a price" }).click();
  const dialog = page.getByRole("dialog", { name: "Set a price" });
  await expect(dialog.getByLabel("Model", { exact: true })).toHaveValue(MODEL);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

/** Looks at what would change, then changes it. */
async function reprice(page: Page): Promise<void> {
  const saved = page.getByRole("dialog", { name: "Your price was saved" });
  await expect(saved).toContainText("1 call");
  await saved.getByRole("button", { name: "Re-price past calls" }).click();
  const dialog = page.getByRole("dialog", { name: "Re-price past calls" });
  const row = dialog.getByRole("row").filter({ hasText: MODEL });
  await expect(row).toContainText("unpriced");
  await expect(row).toContainText("$1.13");
  await expect(dialog).toContainText("1 call that had no price gets one");
  await dialog.getByRole("button", { name: "Apply to 1 call" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Re-price" }).click();
  await expect(dialog).toContainText("1 call was priced again");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
}
