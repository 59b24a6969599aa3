import { expect, type Page } from "@playwright/test";
import { Account } from "../harness/account.ts";
import type { Stack } from "../harness/stack.ts";
import { carrySession, test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";
import { at, picture, type Shot, unanswered } from "./camera.ts";

const PAGES: Record<string, string> = {
  overview: "/",
  runs: "/runs",
  "settings-providers": "/settings/providers",
  "settings-keys": "/settings/keys",
  "settings-workspace": "/settings/workspace",
  "settings-samples": "/settings/samples",
  "settings-pricing": "/settings/pricing",
};

test("every page, empty", async ({ browser, freshStack, context }) => {
  await picture(browser, undefined, [
    at("setup", freshStack.setupLink),
    at("setup-without-token", `${freshStack.dashboard}/setup`),
  ]);
  const owner = await Account.setUp(freshStack);
  await picture(browser, undefined, [
    at("login", `${freshStack.dashboard}/login`),
    { name: "login-wrong", prepare: (page) => wrongPassword(page, freshStack) },
    at("setup-used", freshStack.setupLink),
  ]);
  await carrySession(context, freshStack, owner);
  const state = await context.storageState();
  await picture(browser, state, [at("welcome-provider", `${freshStack.dashboard}/onboarding`)]);
  await owner.request("POST", "/providers/mock");
  await picture(browser, state, [
    { name: "welcome-connect", prepare: (page) => withKey(page, freshStack) },
  ]);
});

test("every page with nothing, then with a little in it", async ({
  browser,
  freshStack,
  context,
}) => {
  const owner = await Account.setUp(freshStack);
  await owner.skipOnboarding();
  await carrySession(context, freshStack, owner);
  const state = await context.storageState();
  await picture(browser, state, all(freshStack, "empty"));
  const key = await owner.connectMock();
  const made = await call("openai", { gateway: freshStack.gateway, key, stream: true });
  await call("anthropic", { gateway: freshStack.gateway, key, model: "claude-haiku-4-5" });
  await call("openai", { gateway: freshStack.gateway, key, model: "mock-error-429" }).catch(
    () => 0,
  );
  await picture(browser, state, [
    ...all(freshStack, "little"),
    at("run-little", `${freshStack.dashboard}/runs/${made.event_id}`),
    at("welcome-arrived", `${freshStack.dashboard}/onboarding`),
    { name: "key-dialog", prepare: (page) => keyDialog(page, freshStack) },
    { name: "provider-dialog", prepare: (page) => providerDialog(page, freshStack) },
  ]);
  await picture(browser, state, unanswered(all(freshStack, "failing"), isLost));
});

test("every page, seeded", async ({ browser, freshStack, context }) => {
  const owner = await Account.setUp(freshStack);
  await owner.skipOnboarding();
  await owner.request("POST", "/samples", { events: 100_000, days: 90, seed: 7 });
  await expect
    .poll(() => owner.request<{ state: string }>("GET", "/samples").then((one) => one.state), {
      timeout: 120_000,
    })
    .toBe("ready");
  await carrySession(context, freshStack, owner);
  await inSampleWorkspace(context.newPage(), freshStack);
  const state = await context.storageState();
  await picture(browser, state, [
    ...all(freshStack, "seeded"),
    at("overview-90d-seeded", `${freshStack.dashboard}/?range=90d`),
    { name: "run-seeded", prepare: (page) => firstRun(page, freshStack) },
    { name: "behind-a-sum-seeded", prepare: (page) => behindSum(page, freshStack) },
  ]);
});

function all(stack: Stack, suffix: string): Shot[] {
  return Object.entries(PAGES).map(([name, path]) =>
    at(`${name}-${suffix}`, stack.dashboard + path),
  );
}

/** A broken database behind a live server. */
function isLost(path: string): boolean {
  return path.startsWith("/api/v1/") && !/\/(me|instance)$/.test(path);
}

async function wrongPassword(page: Page, stack: Stack): Promise<void> {
  await page.goto(`${stack.dashboard}/login`);
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").first().waitFor();
}

async function withKey(page: Page, stack: Stack): Promise<void> {
  await page.goto(`${stack.dashboard}/onboarding`);
  await page
    .getByRole("button", { name: /Make a (new )?key/ })
    .click({ timeout: 3_000 })
    .catch(() => 0);
  await page.getByRole("button", { name: "Copy code" }).waitFor();
}

async function keyDialog(page: Page, stack: Stack): Promise<void> {
  await page.goto(`${stack.dashboard}/settings/keys`);
  await page.getByRole("button", { name: "Create key" }).first().click();
}

async function providerDialog(page: Page, stack: Stack): Promise<void> {
  await page.goto(`${stack.dashboard}/settings/providers`);
  await page.getByRole("button", { name: "Add provider" }).first().click();
}

async function inSampleWorkspace(opened: Promise<Page>, stack: Stack): Promise<void> {
  const page = await opened;
  await page.goto(`${stack.dashboard}/settings/samples`);
  await page.getByRole("button", { name: "Open the sample workspace" }).click();
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
}

async function behindSum(page: Page, stack: Stack): Promise<void> {
  await page.goto(stack.dashboard);
  await page.getByRole("button", { name: /^\$/ }).first().click();
  await page.getByText(/Prices of version/).waitFor();
}

async function firstRun(page: Page, stack: Stack): Promise<void> {
  await page.goto(`${stack.dashboard}/runs`);
  await page.locator('a[href*="/runs/run_"]').first().click();
  await expect(page).toHaveURL(/\/runs\/run_/);
}
