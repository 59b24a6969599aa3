import { expect, type Locator, type Page } from "@playwright/test";
import { clipboard } from "../harness/clipboard.ts";
import { test } from "../harness/test.ts";
import { NO_KEY } from "../harness/vendor.ts";
import { call } from "../harness/vendor-clients.ts";

test("a provider is added and deleted in settings", async ({
  page,
  freshStack,
  openAs,
  vendor,
}) => {
  await openAs(freshStack, "/settings/providers");
  await expect(page.getByText("No provider yet")).toBeVisible();
  await page.getByRole("button", { name: "Add provider" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "Anthropic" }).click();
  vendor.accept("sk-ant-end-to-end-00000000000000000000");
  await dialog.getByLabel("API key").fill("sk-ant-end-to-end-00000000000000000000");
  await dialog.getByText("Use another address").click();
  await dialog.getByLabel("Base URL").fill(vendor.url);
  await dialog.getByLabel("This server is inside my own network").check();
  await dialog.getByRole("button", { name: "Add provider" }).click();
  const mount = page.getByRole("region", { name: "Anthropic" });
  await expect(mount).toContainText("Healthy");
  await mount.getByRole("button", { name: /^More for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  const sure = page.getByRole("alertdialog");
  await expect(sure).toContainText("Calls to Anthropic");
  await sure.getByRole("button", { name: "Delete key" }).click();
  await expect(page.getByText("No provider yet")).toBeVisible();
});

test("a server of one's own is added under a name, and its calls show", async ({
  page,
  freshStack,
  openAs,
  vendor,
}) => {
  const account = await openAs(freshStack, "/settings/providers");
  vendor.accept(NO_KEY);
  await page.getByRole("button", { name: "Add provider" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /^Show \d+ more/ }).click();
  await dialog.getByLabel("Search providers").fill("compat");
  await dialog.getByRole("radio", { name: "OpenAI-compatible" }).click();

  // What is missing is said where it is missing.
  await dialog.getByRole("button", { name: "Add provider" }).click();
  await expect(dialog.getByText("Give it a name")).toBeVisible();
  await expect(dialog.getByText("Enter the address")).toBeVisible();

  await dialog.getByLabel("Name at the gateway").fill("admin");
  await dialog.getByLabel("Base URL").fill(`${vendor.url}/v1`);
  await dialog.getByLabel("This server is inside my own network").check();
  await dialog.getByRole("button", { name: "Add provider" }).click();
  await expect(dialog.getByRole("alert").filter({ hasText: /admin/ })).toBeVisible();

  await dialog.getByLabel("Name at the gateway").fill("river-gpus");
  await dialog.getByRole("button", { name: "Add provider" }).click();
  const mount = page.getByRole("region", { name: "river-gpus" });
  await expect(mount).toContainText("no key");
  await mount.getByRole("button", { name: "Copy the base URL of river-gpus" }).click();
  const address = await clipboard(page);
  expect(address).toBe(`${freshStack.gateway}/river-gpus/v1`);

  const key = await account.makeKey("gateway", "end-to-end");
  const made = () => call("openai", { baseUrl: address, key, model: "river-7b" });
  await expect(async () => expect((await made()).text).toBe("Elbe.")).toPass({ timeout: 20_000 });
  await page.goto(`${freshStack.dashboard}/runs`);
  await expect(page.getByRole("row").filter({ hasText: "river-7b" }).first()).toBeVisible();
});

test("two keys of a provider share its calls by their weights", async ({
  page,
  freshStack,
  openAs,
  vendor,
}) => {
  const keys = ["sk-first-0000000000000000", "sk-second-000000000000000"];
  for (const key of keys) vendor.accept(key);
  const account = await openAs(freshStack, "/settings/providers");
  await account.request("POST", "/providers", {
    provider: "openai",
    name: "first",
    api_key: keys[0],
    base_url: `${vendor.url}/v1`,
    allow_private: true,
  });
  const mount = page.getByRole("region", { name: "OpenAI" });
  await expect(mount).toBeVisible({ timeout: 20_000 });
  await mount.getByRole("button", { name: "Add a key to OpenAI" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("API key").fill(keys[1] ?? "");
  await dialog.getByLabel("Name of the key").fill("second");
  await dialog.getByLabel("Weight").fill("3");
  await dialog.getByRole("button", { name: "Add key" }).click();
  await expect(keyRow(mount, "first")).toContainText("25%");
  await expect(keyRow(mount, "second")).toContainText("75%");

  // Off: it takes no calls, and the other takes them all.
  await page.getByRole("switch", { name: "Use second" }).click();
  await expect(keyRow(mount, "second")).toContainText("Off");
  await expect(keyRow(mount, "first")).toContainText("100%");
  const key = await account.makeKey("gateway", "end-to-end");
  const made = () => call("openai", { gateway: freshStack.gateway, key });
  await expect(made).toPass({ timeout: 20_000 });
  await expect(async () => {
    vendor.asked.length = 0;
    await made();
    expect(vendor.asked).toEqual([keys[0]]);
  }).toPass({ timeout: 20_000 });

  await changeWeight(page, "first", "0");
  await page.getByRole("switch", { name: "Use second" }).click();
  await expect(keyRow(mount, "second")).toContainText("100%");
  await expect(async () => {
    vendor.asked.length = 0;
    await made();
    expect(vendor.asked).toEqual([keys[1]]);
  }).toPass({ timeout: 20_000 });
});

test("what is left of a provider's limits shows beside its key", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  const key = await owner.connectMock();
  await call("openai", { gateway: stack.gateway, key, model: "gpt-5-mini" });
  await page.goto("/settings/providers");
  const limits = page.getByRole("region", { name: "OpenAI" }).getByRole("button", {
    name: /^Limits of/,
  });
  await expect(limits).toContainText("left", { timeout: 20_000 });
  await limits.click();
  await expect(page.getByText(/^Requests per minute/).first()).toBeVisible();
  await expect(page.getByText(/of .* left$/).first()).toBeVisible();
});

function keyRow(mount: Locator, name: string): Locator {
  return mount.getByRole("listitem").filter({ hasText: name });
}

async function changeWeight(page: Page, name: string, weight: string): Promise<void> {
  await page.getByRole("button", { name: `More for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Weight").fill(weight);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
}
