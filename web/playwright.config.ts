import { defineConfig } from "@playwright/test";
import { CHROMIUM_ARGUMENTS } from "./e2e/harness/browser.ts";
import { chromiumPath } from "./e2e/harness/paths.ts";

export default defineConfig({
  testDir: "./e2e/journeys",
  globalSetup: "./e2e/harness/build.ts",
  outputDir: "./test-results",
  fullyParallel: true,
  // Each worker runs a whole Quotah and a browser.
  workers: 2,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [["list"]],
  use: {
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: { executablePath: chromiumPath(), args: CHROMIUM_ARGUMENTS },
  },
});
