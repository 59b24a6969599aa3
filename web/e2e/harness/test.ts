import { type BrowserContext, test as base } from "@playwright/test";
import { Account } from "./account.ts";
import { Stack } from "./stack.ts";
import { Vendor } from "./vendor.ts";
import { Watch } from "./watch.ts";

interface Lent {
  stack: Stack;
  owner: Account;
}

interface PerTest {
  watch: Watch;
  /** A Quotah that nobody has set up yet, for this test alone. */
  freshStack: Stack;
  /** The browser carries the owner's session. */
  signedIn: undefined;
  /** A server that judges provider keys as a vendor does; it refuses all until told otherwise. */
  vendor: Vendor;
  /** Sets up a fresh stack through its API and opens a page of it as its owner. */
  openAs: (stack: Stack, path: string) => Promise<Account>;
}

/**
 * `stack` and `owner` are shared by the tests of one worker; a test that stops the stack or needs
 * it untouched takes `freshStack`. Every test fails on a request to a foreign origin, a violation
 * of the content security policy, or an uncaught error in the page.
 */
export const test = base.extend<PerTest, Lent>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from the pattern
    async ({}, use) => {
      const stack = await Stack.start();
      await use(stack);
      await stack.dispose();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  owner: [
    async ({ stack }, use) => {
      const owner = await Account.setUp(stack);
      await owner.skipOnboarding();
      await use(owner);
    },
    { scope: "worker" },
  ],
  baseURL: async ({ stack }, use) => use(stack.dashboard),
  watch: [
    async ({ context, baseURL }, use) => {
      const watch = new Watch(context, new Set([baseURL ?? ""]));
      await use(watch);
      watch.expectClean();
    },
    { auto: true },
  ],
  freshStack: async ({ watch }, use, info) => {
    const stack = await Stack.start();
    watch.allow(stack.dashboard);
    await use(stack);
    if (info.status !== info.expectedStatus) {
      await info.attach("quotah up", { body: stack.log, contentType: "text/plain" });
    }
    await stack.dispose();
  },
  signedIn: async ({ context, owner, stack }, use) => {
    await carrySession(context, stack, owner);
    await use(undefined);
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from the pattern
  vendor: async ({}, use) => {
    const vendor = await Vendor.start();
    await use(vendor);
    await vendor.stop();
  },
  openAs: async ({ page, context }, use) => {
    await use(async (stack, path) => {
      const account = await Account.setUp(stack);
      await account.skipOnboarding();
      await carrySession(context, stack, account);
      await page.goto(stack.dashboard + path);
      return account;
    });
  },
});

/** Puts an account's session cookie into a browser context. */
export async function carrySession(
  context: BrowserContext,
  stack: Stack,
  account: Account,
): Promise<void> {
  await context.addCookies([
    {
      ...account.cookie,
      domain: new URL(stack.dashboard).hostname,
      path: "/",
      httpOnly: true,
      secure: account.cookie.name.startsWith("__Host-"),
      sameSite: "Lax",
    },
  ]);
}
