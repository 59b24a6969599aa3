import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";

test("sample data is loaded and removed in one click", async ({ page, freshStack, openAs }) => {
  test.setTimeout(120_000);
  await openAs(freshStack, "/settings/samples");
  await page.getByRole("button", { name: "Load sample data" }).click();
  await expect(page.getByText("Sample data is loaded")).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Open the sample workspace" }).click();
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  await expect(page.getByText("claude", { exact: false }).first()).toBeVisible();

  await page.goto(`${freshStack.dashboard}/settings/samples`);
  await page.getByRole("button", { name: "Remove sample data" }).click();
  await expect(page.getByRole("button", { name: "Load sample data" })).toBeVisible();
});
