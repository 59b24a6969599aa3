import { expect, type Page } from "@playwright/test";
import { dollars, pico } from "../harness/arithmetic.ts";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

test("the arithmetic behind a dollar adds up to the dollar", async ({
  page,
  freshStack,
  openAs,
}) => {
  test.setTimeout(120_000);
  const owner = await openAs(freshStack, "/");
  const key = await owner.connectMock();
  const { gateway } = freshStack;
  const prompt = "[mock: input-tokens=2463 cached-tokens=1920 output-tokens=351] Rivers?";
  for (const model of ["gpt-5-mini", "gpt-4o-mini", "gpt-5"]) {
    await call("openai", { gateway, key, model, prompt });
  }
  await call("anthropic", { gateway, key, model: "claude-haiku-4-5", prompt });
  await expect(page.getByRole("row").filter({ hasText: "claude-haiku" })).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "gpt-5-2025" })).toBeVisible();

  const cost = page
    .getByRole("main")
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "Cost", exact: true }) });
  const dollar = cost.getByRole("button");
  const height = await pageHeight(page);
  await dollar.hover();
  const card = page.getByRole("dialog", { name: "How this amount comes about" });
  await expect(card.getByRole("link", { name: "Show the calls" })).toBeVisible();
  expect(await pageHeight(page), "the card moves nothing").toBe(height);
  const whole = exact((await card.locator("p").first().textContent()) ?? "");
  expect(sumOf(await card.getByText(/^= \$/).allTextContents())).toBe(whole);
  await expect(card.getByText("Together").locator("..")).toContainText(`$${whole}`);
  await expect(card).toContainText("543 uncached input tokens");
  await expect(card).toContainText("× $0.25 / 1M");
  await expect(card.getByText(/Prices of version/)).toBeVisible();

  await page.mouse.move(5, 5);
  await expect(card).toBeHidden();
  await dollar.hover();
  await card.getByRole("link", { name: "Show the calls" }).click();
  await expect(page).toHaveURL(/\/runs\?/);
  const rows = page.getByRole("row").filter({ hasText: /claude|gpt/ });
  await expect(rows).toHaveCount(4);

  await rows.filter({ hasText: "gpt-5-mini" }).getByRole("button", { name: /^\$/ }).click();
  await expect(card.getByRole("link", { name: "Open the call" })).toBeVisible();
  const one = exact((await card.locator("p").first().textContent()) ?? "");
  expect(sumOf(await card.getByText(/^= \$/).allTextContents())).toBe(one);
  expect(one).toBe("0.00088575");
  await expect(card).toContainText("Rule openai/gpt-5-mini");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("a tap shows the arithmetic within the screen, and inside a link follows the link", async ({
    page,
    freshStack,
    openAs,
  }) => {
    const owner = await openAs(freshStack, "/");
    const key = await owner.connectMock();
    await call("openai", { gateway: freshStack.gateway, key, model: "gpt-5-mini" });
    const dollar = page.getByRole("button", { name: /^\$/ }).first();
    await dollar.tap();
    const card = page.getByRole("dialog", { name: "How this amount comes about" });
    await expect(card.getByRole("link", { name: "Show the calls" })).toBeVisible();
    const box = await card.boundingBox();
    expect(box && box.x >= 0 && box.x + box.width <= 390).toBe(true);
    await dollar.tap();
    await expect(card).toBeHidden();
    await page.goto(`${freshStack.dashboard}/runs`);
    await page.getByText(/^\$0/).first().tap();
    await expect(page).toHaveURL(/\/runs\/run_/);
  });
});

/** "$1.25 USD", "= $0.5" → "1.25", "0.50". */
function exact(text: string): string {
  const amount = /\$([\d.,]+)/.exec(text)?.[1]?.replaceAll(",", "") ?? "";
  return dollars(pico(amount));
}

function sumOf(texts: string[]): string {
  return dollars(texts.reduce((sum, text) => sum + pico(exact(text)), 0n));
}

function pageHeight(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollHeight);
}
