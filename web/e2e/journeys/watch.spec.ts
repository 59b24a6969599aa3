import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";
import { Watch } from "../harness/watch.ts";

/** Every other test relies on the watch to notice these; here it is seen to notice them. */

test("a request to another origin does not pass unnoticed", async ({ browser }) => {
  const context = await browser.newContext();
  const watch = new Watch(context, new Set());
  const page = await context.newPage();
  await page.setContent('<img src="https://elsewhere.invalid/pixel.png" alt="">');
  await expect.poll(() => watch.foreignRequests).toEqual(["https://elsewhere.invalid/pixel.png"]);
  await context.close();
});

test("the policy stops a third party's script and an inline one, and both are noticed", async ({
  browser,
  stack,
}) => {
  const context = await browser.newContext();
  const watch = new Watch(context, new Set([stack.dashboard]));
  const page = await context.newPage();
  await page.goto(`${stack.dashboard}/login`);
  await page.evaluate(() => {
    for (const source of ["https://elsewhere.invalid/tracker.js", ""]) {
      const script = document.createElement("script");
      if (source) script.src = source;
      else script.append("window.ran = true");
      document.head.append(script);
    }
  });
  await expect.poll(() => watch.policyViolations.length).toBeGreaterThanOrEqual(2);
  expect(await page.evaluate(() => "ran" in window)).toBe(false);
  expect(watch.foreignRequests).toEqual(["https://elsewhere.invalid/tracker.js"]);
  await context.close();
});
