import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";

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
  const row = page.getByRole("row").filter({ hasText: "Anthropic" });
  await expect(row).toContainText("Healthy");
  await row.getByRole("button", { name: /Delete/ }).click();
  const sure = page.getByRole("alertdialog");
  await expect(sure).toContainText("Calls to Anthropic");
  await sure.getByRole("button", { name: "Delete provider" }).click();
  await expect(page.getByText("No provider yet")).toBeVisible();
});
