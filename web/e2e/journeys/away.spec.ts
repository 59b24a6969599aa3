import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";

test("the dashboard says what to do when the API is away, and recovers when it is back", async ({
  page,
  freshStack,
  openAs,
}) => {
  await openAs(freshStack, "/settings/keys");
  await expect(page.getByRole("heading", { name: "Keys" })).toBeVisible();
  await freshStack.stop();

  await page.getByRole("link", { name: "Providers" }).click();
  const told = page.getByRole("alert").first();
  await expect(told).toContainText(/does not answer|cannot be reached|not reachable/i);
  await expect(told).toContainText(/quotah up/);

  await freshStack.up();
  // The page asks again by itself every ten seconds, and may have been faster.
  const again = told.getByRole("button", { name: "Try again" });
  await again.click({ timeout: 3_000 }).catch(() => undefined);
  await expect(page.getByText("No provider yet")).toBeVisible();
});

test("the sign-in page says so too", async ({ page, freshStack, openAs }) => {
  const owner = await openAs(freshStack, "/login");
  await page.context().clearCookies();
  await page.goto(`${freshStack.dashboard}/login`);
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password", { exact: true }).fill(owner.password);
  await freshStack.stop();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText(/does not answer|cannot be reached/i);
  await expect(page.getByLabel("Email")).toHaveValue(owner.email);
});
