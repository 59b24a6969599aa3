import { expect, type Page } from "@playwright/test";
import { expectAccessible, settled } from "../harness/accessibility.ts";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

const SIGNED_IN = [
  "/",
  "/runs",
  "/onboarding",
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

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("every page can be used by people who cannot see or point", async ({
      page,
      owner,
      stack,
      signedIn: _,
    }) => {
      // As many pages as ten other tests visit together.
      test.slow();
      const key = await owner.connectMock();
      const made = await call("openai", { gateway: stack.gateway, key, model: "gpt-5-mini" });
      const run = `/runs/evt_${made.event_id.replace(/^evt_/, "")}`;
      await page.goto(run);
      for (const path of [...SIGNED_IN, run]) {
        await open(page, path);
        await expectAccessible(page, path);
      }
    });

    test("the arithmetic behind a dollar as well", async ({ page, owner, stack, signedIn: _ }) => {
      const key = await owner.connectMock();
      await call("openai", { gateway: stack.gateway, key, model: "gpt-5-mini" });
      await open(page, "/");
      const dollar = page.getByRole("button", { name: /^\$\d/ }).first();
      await dollar.focus();
      await page.keyboard.press("Enter");
      await expect(page.getByRole("link", { name: "Show the calls" })).toBeVisible();
      await settled(page);
      await expectAccessible(page, "the card behind a sum");
      await page.keyboard.press("Tab");
      await expect(page.getByRole("link", { name: "Show the calls" })).toBeFocused();
      await page.keyboard.press("Escape");
      await expect(page.getByRole("link", { name: "Show the calls" })).toBeHidden();
      await expect(dollar).toBeFocused();
    });

    test("the pages before signing in as well", async ({ page, freshStack }) => {
      for (const path of ["/login", "/setup?token=some", "/setup"]) {
        await open(page, freshStack.dashboard + path);
        await expectAccessible(page, path);
      }
    });

    test("the dialogs as well", async ({ page, owner, signedIn: _ }) => {
      const name = `dialogs-${colorScheme}`;
      await owner.makeKey("ingest", name);
      await open(page, "/settings/keys");
      await page.getByRole("button", { name: "Create key" }).first().click();
      await settled(page);
      await expectAccessible(page, "the dialog that makes a key");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: `Revoke ${name}` }).click();
      await settled(page);
      await expectAccessible(page, "the dialog that revokes a key");
      await open(page, "/settings/providers");
      await page.getByRole("button", { name: "Add provider" }).first().click();
      await settled(page);
      await expectAccessible(page, "the dialog that adds a provider");
      await open(page, "/settings/pricing");
      await page.getByRole("button", { name: "Set a price" }).first().click();
      await page.getByLabel("Model", { exact: true }).fill("gpt-5-mini");
      await page.getByRole("button", { name: "Save price" }).click();
      await settled(page);
      await expectAccessible(page, "the dialog that sets a price");
    });
  });
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.waitForLoadState("load");
  await settled(page);
}
