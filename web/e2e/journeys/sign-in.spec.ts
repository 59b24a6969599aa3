import { expect, type Page } from "@playwright/test";
import { Account } from "../harness/account.ts";
import type { Stack } from "../harness/stack.ts";
import { test } from "../harness/test.ts";

test("a member signs in and out", async ({ page, owner }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/login/);
  await signIn(page, owner.email, owner.password);
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();

  await page.getByRole("button", { name: /account|ada marsh/i }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/runs");
  await expect(page).toHaveURL(/\/login\?next=/);
});

test("a signed-out visit comes back to where it was", async ({ page, owner }) => {
  await page.goto("/?range=30d");
  await signIn(page, owner.email, owner.password);
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/\?range=30d$/);
});

test("a sign-in never leads to another origin", async ({ page, owner, stack }) => {
  await page.goto("/login?next=//evil.example/overview");
  await signIn(page, owner.email, owner.password);
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(stack.dashboard);
});

test("a session that ended leads to the sign-in and back", async ({ page, owner, signedIn: _ }) => {
  await page.goto("/settings/keys");
  await expect(page.getByRole("heading", { name: "Keys" })).toBeVisible();
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Providers" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signIn(page, owner.email, owner.password);
  await expect(page).toHaveURL(/\/settings\/providers$/);
});

test("someone with a wrong password is told so and slowed down", async ({ page, freshStack }) => {
  const owner = await Account.setUp(freshStack);
  await page.goto(`${freshStack.dashboard}/login`);
  await signIn(page, owner.email, "not the password at all");
  const told = page.getByRole("alert");
  await expect(told).toContainText("email or the password is wrong");
  const button = page.getByRole("button", { name: /Sign in|Try again in/ });
  const guesses = Array.from({ length: 12 }, (_, index) => `guess number ${index}`);
  const answers = [];
  for (const guess of guesses) answers.push((await tryToSignIn(freshStack, owner, guess)).status);
  expect(new Set(answers)).toEqual(new Set([401, 429]));
  await signIn(page, owner.email, "not the password at all");
  await expect(told).toContainText("Too many attempts");
  await expect(button).toBeDisabled();
  await expect(button).toHaveText(/Try again in/);

  // Even the right password has to wait: that is what slows a guesser down.
  const refused = await tryToSignIn(freshStack, owner, owner.password);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("an incomplete sign-in names the field", async ({ page, owner }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Enter your email address.")).toBeVisible();
  await expect(page.getByLabel("Email")).toBeFocused();
  await signIn(page, owner.email, owner.password);
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
});

async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

function tryToSignIn(stack: Stack, { email }: Account, password: string): Promise<Response> {
  return fetch(`${stack.dashboard}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: stack.dashboard },
    body: JSON.stringify({ email, password }),
  });
}
