import type { Page } from "@playwright/test";

/** Reads the clipboard of the page's browser. */
export function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}
