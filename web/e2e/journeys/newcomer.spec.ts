import { expect, type Page } from "@playwright/test";
import { clipboard } from "../harness/clipboard.ts";
import { PYTHON } from "../harness/paths.ts";
import type { Stack } from "../harness/stack.ts";
import { test } from "../harness/test.ts";
import { run } from "../harness/vendor-clients.ts";

test.describe("a newcomer", () => {
  test("sets up with the mock provider and watches the first call arrive with its cost", async ({
    page,
    freshStack,
  }) => {
    await setUp(page, freshStack);
    await page.getByRole("button", { name: "Try with the built-in mock provider" }).click();

    await expect(page.getByRole("heading", { name: "Change two lines" })).toBeVisible();
    await expect(page.getByText("Waiting for your first call…")).toBeVisible();
    await page.getByRole("button", { name: "Copy code" }).click();
    const program = await clipboard(page);
    expect(program).toContain(`${freshStack.gateway}/openai/v1`);
    await run(PYTHON, ["-c", program]);

    const arrived = page.getByRole("region", { name: "Your first call" });
    await expect(arrived.getByRole("heading", { name: "Your first call arrived" })).toBeVisible();
    await expect(arrived.getByText(/^\$\d+\.\d{4,}$/).first()).toBeVisible();
    await expect(arrived.getByText(/× \$[\d.]+ \/ 1M = \$/).first()).toBeVisible();
    await page.getByRole("link", { name: "Open the dashboard" }).click();
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
    await expect(page.getByText("gpt-5-mini").first()).toBeVisible();
  });

  test("can run every snippet that is shown, as it is copied", async ({ page, freshStack }) => {
    await setUp(page, freshStack);
    await page.getByRole("button", { name: "Try with the built-in mock provider" }).click();
    for (const vendor of ["Anthropic", "OpenAI"]) {
      await page.getByLabel("Whom the code calls").click();
      await page.getByRole("option", { name: vendor }).click();
      await page.getByRole("button", { name: "Copy code" }).click();
      expect(await run(PYTHON, ["-c", await clipboard(page)])).not.toBe("");
    }
    await page.getByRole("tab", { name: "curl" }).click();
    await page.getByRole("button", { name: "Copy code" }).click();
    const ask = async () => JSON.parse(await run("sh", ["-c", await clipboard(page)])) as object;
    expect(await ask()).toHaveProperty("choices");
    const answers = { "Google Gemini": "candidates", Cohere: "message", Anthropic: "content" };
    for (const [vendor, member] of Object.entries(answers)) {
      await page.getByLabel("Whom the code calls").click();
      await page.getByRole("option", { name: vendor }).click();
      await page.getByRole("button", { name: "Copy code" }).click();
      expect(await ask()).toHaveProperty(member);
    }
    await expect(page.getByRole("heading", { name: "Your first call arrived" })).toBeVisible();
  });

  test("resumes where they left and can make another key", async ({ page, freshStack }) => {
    await setUp(page, freshStack);
    await page.getByRole("button", { name: "Try with the built-in mock provider" }).click();
    await expect(page.getByRole("heading", { name: "Change two lines" })).toBeVisible();
    await page.goto(freshStack.dashboard);
    await expect(page.getByRole("heading", { name: "Change two lines" })).toBeVisible();
    await page.getByRole("button", { name: "Make a new key" }).click();
    await expect(
      page
        .locator("code")
        .filter({ hasText: /qk_gw_\w{20}/ })
        .first(),
    ).toBeVisible();
  });

  test("can skip it all and still find the dashboard usable", async ({ page, freshStack }) => {
    await setUp(page, freshStack);
    await page.getByRole("button", { name: "Skip setup" }).click();
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
    await page.reload();
    await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  });

  test("is told what the provider says of a key, and never sees the key again", async ({
    page,
    freshStack,
    vendor,
  }) => {
    const key = "sk-never-shown-again-000000000000";
    await setUp(page, freshStack);
    await page.getByRole("radio", { name: "OpenAI", exact: true }).click();
    await page.getByLabel("API key").fill(key);
    await page.getByText("Use another address").click();
    await page.getByLabel("Base URL").fill(vendor.url);
    await page.getByRole("button", { name: "Add provider" }).click();
    await expect(page.getByRole("alert")).toContainText("not public");

    await page.getByLabel("This server is inside my own network").check();
    await page.getByRole("button", { name: "Add provider" }).click();
    await expect(page.getByRole("heading", { name: "OpenAI refused this key" })).toBeVisible();
    await page.getByRole("button", { name: "Discard it and try another" }).click();

    vendor.accept(key);
    await page.getByLabel("API key").fill(key);
    await page.getByText("Use another address").click();
    await page.getByLabel("Base URL").fill(vendor.url);
    await page.getByLabel("This server is inside my own network").check();
    await page.getByRole("button", { name: "Add provider" }).click();
    await expect(page.getByRole("heading", { name: "Change two lines" })).toBeVisible();
    await page.goto(`${freshStack.dashboard}/settings/providers`);
    await expect(page.getByRole("region", { name: "OpenAI" })).toHaveCount(1);
    await expect(page.getByRole("region", { name: "OpenAI" })).toContainText("Healthy");
    expect(await page.content()).not.toContain("sk-never-shown-again");
  });

  test("cannot use a setup link twice, nor a wrong one", async ({ page, freshStack }) => {
    const link = freshStack.setupLink;
    await page.goto(`${freshStack.dashboard}/setup?token=wrong`);
    await fillSetup(page);
    await expect(
      page.getByRole("heading", { name: "This setup link does not work" }),
    ).toBeVisible();
    await setUp(page, freshStack);
    await page.context().clearCookies();
    await page.goto(link);
    await expect(page.getByRole("heading", { name: "Quotah is already set up" })).toBeVisible();
    await page.getByRole("link", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  });
});

async function setUp(page: Page, stack: Stack): Promise<void> {
  await page.goto(stack.setupLink);
  await fillSetup(page);
  await expect(page.getByRole("heading", { name: "Connect a provider" })).toBeVisible();
}

async function fillSetup(page: Page): Promise<void> {
  await page.getByLabel("Your name").fill("Noor Hale");
  await page.getByLabel("Email").fill("noor@example.com");
  await page.getByLabel("Password", { exact: true }).fill("tide-table-lantern-42");
  await page.getByLabel("Workspace name").fill("Lighthouse");
  await page.getByRole("button", { name: "Create account" }).click();
}
