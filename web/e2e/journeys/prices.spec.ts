import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import type { Account } from "../harness/account.ts";
import { test } from "../harness/test.ts";

interface Override {
  id: string;
  model: string;
  rates: Record<string, string> | null;
  factor: string | null;
}

test("a price is found with its history, and each part of it leads to its source", async ({
  page,
  signedIn: _,
}) => {
  await page.goto("/settings/pricing");
  await page.getByRole("searchbox", { name: "Search the price book" }).fill("gemini-2.5-pro");
  await page.getByRole("combobox", { name: "Provider" }).click();
  await page.getByRole("option", { name: "Google Gemini" }).click();
  await expect(page).toHaveURL(/q=gemini-2\.5-pro/);
  await page.getByRole("link", { name: "gemini-2.5-pro", exact: true }).click();

  await expect(page.getByRole("heading", { name: "gemini-2.5-pro" })).toBeVisible();
  const now = page.getByRole("table", { name: "List price now" });
  await expect(now.getByRole("row").filter({ hasText: /^Input tokens/i })).toContainText("$1.25");
  await expect(now).toContainText("above 200k $2.50");
  const history = page.getByRole("table", { name: /History of the price/ });
  await expect(history.getByRole("row").filter({ hasText: "now" })).toContainText("$0.125");
  await expect(history.getByRole("row").filter({ hasText: "always" })).toContainText("$0.31");

  const sources = page.getByRole("main").locator('a[target="_blank"]');
  expect(await sources.count()).toBeGreaterThan(0);
  for (const source of await sources.all()) {
    expect(await source.getAttribute("href")).toMatch(/^https:\/\//);
    expect(await source.getAttribute("rel")).toContain("noopener");
  }
  await page.getByRole("link", { name: "Price book" }).click();
  const search = page.getByRole("searchbox", { name: "Search the price book" });
  await expect(search).toHaveValue("gemini-2.5-pro");
  await page.getByRole("link", { name: "Price book" }).click();
  await expect(search).toHaveValue("");
  await expect(page.getByText("more than 50 models")).toBeVisible();
});

test("the book is walked by keyboard from the search on", async ({ page, signedIn: _ }) => {
  await page.goto("/settings/pricing");
  const search = page.getByRole("searchbox", { name: "Search the price book" });
  await search.fill("gpt-5-mini");
  const first = page.locator("[data-row-link]").first();
  await expect(first).toContainText("gpt-5-mini");
  await search.press("ArrowDown");
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator("[data-row-link]").nth(1)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "List price now" })).toBeVisible();
});

test("a bad rate is refused at its field, here and by the API", async ({ page, signedIn: _ }) => {
  await page.goto("/settings/pricing?view=overrides");
  await page.getByRole("button", { name: "Set a price" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Set a price" });
  await dialog.getByLabel("Provider").fill("openai");
  await dialog.getByLabel("Model", { exact: true }).fill("gpt-5-mini");
  const input = dialog.getByLabel("Rate for input tokens", { exact: true });
  const output = dialog.getByLabel("Rate for output tokens", { exact: true });
  await input.fill("1,25");
  await output.fill("2");
  await dialog.getByRole("button", { name: "Save price" }).click();
  await expect(input).toHaveAccessibleDescription(/Write a plain number/);
  await expect(output).not.toHaveAttribute("aria-invalid");

  await input.fill("0.25");
  await output.fill("99999999999999");
  await dialog.getByRole("button", { name: "Save price" }).click();
  await expect(output).toHaveAccessibleDescription(/at most/);
  await expect(input).not.toHaveAttribute("aria-invalid");
  await expect(dialog).toBeVisible();
});

test("an example call shows what a price changes before it is saved", async ({
  page,
  signedIn: _,
}) => {
  await page.goto("/settings/pricing?model=openai/gpt-5-mini");
  await page.getByRole("button", { name: "Set a price" }).click();
  const dialog = page.getByRole("dialog", { name: "Set a price" });
  const example = dialog.getByRole("region", { name: "Example" });
  await expect(example).toContainText("$0.00225 now");
  await dialog.getByLabel("Rate for input tokens", { exact: true }).fill("0.1");
  await dialog.getByLabel("Rate for output tokens", { exact: true }).fill("1");
  await expect(example).toContainText("$0.0011 with this price");
  await dialog.getByRole("radio", { name: "Percent off the list" }).click();
  await dialog.getByLabel("Percent off the list price").fill("50");
  await expect(example).toContainText("with this price");
});

test("prices survive export, deletion and import to the last digit", async ({
  page,
  freshStack,
  openAs,
}) => {
  const owner = await openAs(freshStack, "/settings/pricing?view=overrides");
  await owner.request("POST", "/prices/overrides", {
    provider: "openai",
    model: "gpt-5-mini",
    rates: { input: "0.123456789", output: "1.10" },
    from: "2026-10-01T00:00:00Z",
    note: "Contract of October",
  });
  await owner.request("POST", "/prices/overrides", {
    provider: "anthropic",
    model: "*",
    factor: "0.825",
  });
  const before = await overrides(owner);
  expect(before).toHaveLength(2);

  await page.reload();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const file = await (await downloading).path();
  for (const target of ["gpt-5-mini", "All of Anthropic"]) await deletePrice(page, target);
  await expect(page.getByText("All calls are priced by the list")).toBeVisible();
  expect(await overrides(owner)).toEqual([]);

  const text = await readFile(file, "utf8");
  const broken = text.replace("0.123456789", "-1");
  await choose(page, "broken.json", broken);
  const dialog = page.getByRole("dialog", { name: /Import/ });
  await expect(dialog).toContainText("1 of 2 entries cannot be taken");
  await expect(dialog.getByText(/rates\.input/)).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Import prices" })).toBeDisabled();
  await dialog.getByRole("button", { name: "Cancel" }).click();

  await choose(page, "prices.json", text);
  await expect(dialog).toContainText("All entries can be taken");
  await dialog.getByRole("button", { name: "Import prices" }).click();
  await expect(page.getByRole("row").filter({ hasText: "gpt-5-mini" })).toBeVisible();
  expect(sorted(await overrides(owner))).toEqual(sorted(before));
});

test("whose word on a cost counts is switched, and stays switched", async ({
  page,
  freshStack,
  openAs,
}) => {
  await openAs(freshStack, "/settings/pricing?view=reported");
  const openrouter = page.getByRole("switch", { name: /OpenRouter/ });
  await expect(openrouter).toBeChecked();
  await openrouter.click();
  await expect(openrouter).not.toBeChecked();
  await page.reload();
  await expect(openrouter).not.toBeChecked();
});

test("where sources disagree both rates stand with their sources", async ({
  page,
  signedIn: _,
}) => {
  await page.goto("/settings/pricing?view=disagreements");
  const row = page.getByRole("row").filter({ hasText: "gemini-2.5-pro" }).first();
  await expect(row).toContainText("$0.31");
  await expect(row.getByRole("link")).toHaveAttribute("href", /^https:\/\/ai\.google\.dev/);
});

async function deletePrice(page: Page, target: string): Promise<void> {
  await page.getByRole("button", { name: `Delete the price of ${target}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete price" }).click();
  await expect(page.getByRole("alertdialog")).toBeHidden();
}

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
}

async function overrides(owner: Account): Promise<Override[]> {
  return (await owner.request<{ items: Override[] }>("GET", "/prices/overrides")).items;
}

/** What was set, without what each writing gives anew. */
function sorted(items: Override[]): object[] {
  return items
    .map((item) => ({ ...item, id: "", created_at: "", created_by: "" }))
    .sort((a, b) => a.model.localeCompare(b.model));
}
