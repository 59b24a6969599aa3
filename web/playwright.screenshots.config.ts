import { defineConfig } from "@playwright/test";
import journeys from "./playwright.config.ts";

/** `npm run screenshots`: pictures of every page for people to look at; nothing is compared. */
export default defineConfig({
  ...journeys,
  testDir: "./e2e/screenshots",
  testMatch: "*.shots.ts",
  fullyParallel: false,
  workers: 1,
  timeout: 300_000,
  use: { ...journeys.use, trace: "off", screenshot: "off" },
});
