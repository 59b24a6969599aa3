import { expect, type Page } from "@playwright/test";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

const PAGES = [
  "/",
  "/runs",
  "/settings/providers",
  "/settings/keys",
  "/settings/routes",
  "/settings/routes/new?recipe=fallback",
  "/settings/gateways",
  "/settings/workspace",
  "/settings/samples",
  "/settings/pricing",
  "/settings/pricing?model=gemini/gemini-2.5-pro",
  "/settings/pricing?view=overrides",
  "/settings/pricing?view=reported",
  "/settings/pricing?view=updates",
  "/settings/pricing?view=disagreements",
];

test("the dashboard works on a phone", async ({ page, owner, stack, signedIn: _ }) => {
  const key = await owner.connectMock();
  await call("openai", { gateway: stack.gateway, key, model: "gpt-5-mini" });
  for (const path of PAGES) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    expect(await sidewaysOverflow(page), `${path} scrolls sideways`).toBe(0);
  }
  await page.goto("/runs");
  await page.getByRole("link").filter({ hasText: "gpt-5-mini" }).first().tap();
  await expect(page).toHaveURL(/\/runs\/run_/);
  expect(await sidewaysOverflow(page)).toBe(0);
});

test("a phone reaches every page from its navigation", async ({ page, signedIn: _ }) => {
  await page.goto("/");
  await page.getByRole("link", { name: "Settings" }).tap();
  await expect(page).toHaveURL(/\/settings/);
  await page.getByRole("link", { name: "Keys" }).tap();
  await expect(page.getByRole("heading", { name: "Keys" })).toBeVisible();
  await page.getByRole("link", { name: "Runs" }).first().tap();
  await expect(page).toHaveURL(/\/runs/);
});

test("signing in works on a phone", async ({ page, owner }) => {
  await page.goto("/login");
  expect(await sidewaysOverflow(page)).toBe(0);
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password", { exact: true }).fill(owner.password);
  await page.getByRole("button", { name: "Sign in" }).tap();
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
});

function sidewaysOverflow(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
  );
}
