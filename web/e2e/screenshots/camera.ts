import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Browser, type BrowserContextOptions, expect, type Page } from "@playwright/test";
import { settled } from "../harness/accessibility.ts";
import { WEB } from "../harness/paths.ts";

const FOLDER = resolve(WEB, "screenshots");

const DEVICES: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

export interface Shot {
  /** File name without device, theme and ending. */
  name: string;
  /** Brings a new page to the state to be pictured. */
  prepare: (page: Page) => Promise<void>;
}

/** A page as it is when it has asked for all it shows; `then` goes on from there. */
export function at(name: string, url: string, then?: (page: Page) => Promise<void>): Shot {
  return {
    name,
    prepare: async (page) => {
      await page.goto(url);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.waitForLoadState("networkidle", { timeout: 2_000 }).catch(() => undefined);
      await then?.(page);
    },
  };
}

/** The same pages where the API does not answer what lies at these paths. */
export function unanswered(shots: readonly Shot[], paths: (pathname: string) => boolean): Shot[] {
  return shots.map(({ name, prepare }) => ({
    name,
    prepare: async (page) => {
      await page.route(
        (url) => paths(url.pathname),
        (route) => route.abort("connectionrefused"),
      );
      await prepare(page);
      const alert = page.getByRole("alert").first();
      await alert.waitFor({ timeout: 8_000 }).catch(() => undefined);
    },
  }));
}

/** Pictures each shot on both devices in both themes, whole pages, into web/screenshots. */
export async function picture(
  browser: Browser,
  storageState: BrowserContextOptions["storageState"],
  shots: Shot[],
): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const [device, options] of Object.entries(DEVICES)) {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({
        ...options,
        colorScheme,
        locale: "en-US",
        timezoneId: "Europe/Berlin",
        ...(storageState ? { storageState } : {}),
      });
      for (const shot of shots) {
        const page = await context.newPage();
        await shot.prepare(page);
        await quiet(page);
        const path = resolve(FOLDER, `${shot.name}-${device}-${colorScheme}.png`);
        await showWhole(page);
        await page.screenshot({ path, caret: "hide" });
        await page.close();
      }
      await context.close();
    }
  }
}

/** Grows the window to the page: bars that stick to the window then stand where they belong. */
async function showWhole(page: Page): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  if (whole > height) await page.setViewportSize({ width, height: whole });
}

/** Fonts are there, skeletons are gone, nothing moves. */
async function quiet(page: Page): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState("load");
  await page
    .waitForFunction(() => !document.querySelector(".animate-pulse-soft"), null, { timeout: 3_000 })
    .catch(() => undefined);
  await settled(page);
}
