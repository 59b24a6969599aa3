import { expect } from "@playwright/test";
import { clipboard } from "../harness/clipboard.ts";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

test("keys can be made once, seen once and revoked", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  await owner.connectMock();
  const name = `checkout-${Date.now()}`;
  await page.goto("/settings/keys");
  await page.getByRole("button", { name: "Create key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("radio", { name: /Gateway/ }).check();
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("This key is shown once")).toBeVisible();
  await dialog.getByRole("button", { name: "Copy key" }).click();
  const key = await clipboard(page);
  expect(key).toMatch(/^qk_gw_/);
  await dialog.getByRole("button", { name: "Done" }).click();

  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("Never used");
  expect(await page.content()).not.toContain(key);
  await page.reload();
  await expect(row).toBeVisible();
  expect(await page.content()).not.toContain(key);

  const works = () => call("openai", { gateway: stack.gateway, key });
  await expect(works).toPass({ timeout: 10_000 });
  await expect(row).not.toContainText("Never used", { timeout: 20_000 });

  await row.getByRole("button", { name: `Revoke ${name}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke key" }).click();
  await expect(row).toContainText("Revoked");
  await expect
    .poll(
      () =>
        works().then(
          () => "answered",
          (error: Error) => error.message,
        ),
      { timeout: 10_000 },
    )
    .toContain("401");
});

test("a key for one model is refused another, until its limit is taken away", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  await owner.connectMock();
  const name = `one-model-${Date.now()}`;
  await page.goto("/settings/keys");
  await page.getByRole("button", { name: "Create key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByText("Limit what it may call").click();
  await dialog.getByLabel("Models it may call").fill("gpt-5-mini,");
  await dialog.getByLabel("Requests per minute").fill("none");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("Write a whole number")).toBeVisible();
  await dialog.getByLabel("Requests per minute").fill("600");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await dialog.getByRole("button", { name: "Copy key" }).click();
  const key = await clipboard(page);
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("gpt-5-mini · 600 requests/min");

  const ask = (model: string) => call("openai", { gateway: stack.gateway, key, model });
  await expect(() => ask("gpt-5-mini")).toPass({ timeout: 10_000 });
  await expect(ask("gpt-4o")).rejects.toThrow("403");

  await row.getByRole("button", { name: `Edit ${name}` }).click();
  await dialog.getByRole("button", { name: "Remove gpt-5-mini" }).click();
  await dialog.getByRole("button", { name: "Save key" }).click();
  await expect(row).not.toContainText("gpt-5-mini");
  await expect(() => ask("gpt-4o")).toPass({ timeout: 10_000 });
});

test("a key needs a name", async ({ page, signedIn: _ }) => {
  await page.goto("/settings/keys");
  await page.getByRole("button", { name: "Create key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("Give the key a name.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
