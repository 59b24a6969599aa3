import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page } from "@playwright/test";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  help: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** Runs axe over the page as it stands; WCAG 2.2 A and AA plus axe's best practices. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // Evaluated by the debugger, not added as a script element: the page's own policy forbids that.
  await page.evaluate(AXE);
  const findings = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe;
    return (await axe.run()).violations;
  });
  const told = findings.map(
    (one) =>
      `${one.id}: ${one.help}\n` +
      one.nodes
        .map((node) => `    ${node.target.join(" ")} ${node.failureSummary ?? ""}`)
        .join("\n"),
  );
  expect.soft(told, `accessibility of ${where}`).toEqual([]);
}

/** Waits until transitions ended, so that colours are measured at rest. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity)
        .map((animation) => animation.finished.catch(() => undefined)),
    ),
  );
}
