import { expect, type Locator, type Page } from "@playwright/test";
import { eventually } from "../harness/eventually.ts";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

/** The stand-in refuses whoever asks for this model. */
const BROKEN = "mock-error-503";

test("a route falls back to another model: the dry run says so, and a call does it", async ({
  page,
  freshStack,
  openAs,
}) => {
  const account = await openAs(freshStack, "/settings/providers");
  const key = await account.connectMock();
  const made = () => call("openai", { gateway: freshStack.gateway, key, model: BROKEN });
  await expect(made()).rejects.toThrow("503");

  await page.goto(`${freshStack.dashboard}/settings/routes`);
  await expect(page.getByText("No route yet")).toBeVisible();
  await page.getByRole("link", { name: /Fall back to another model/ }).click();
  await page.getByLabel("Models asked").fill(`${BROKEN},`);
  await page.getByLabel("Target 2, model").fill("gpt-5-mini");
  await page.getByLabel("Name", { exact: true }).fill("Never without an answer");
  const said = page.getByText(/^This request would go to/);
  await expect(said).toContainText(`${BROKEN} at OpenAI`);
  await expect(said).toContainText("if that fails, to gpt-5-mini at OpenAI");
  await expect(page.getByText(/up to 2 tries of each/)).toBeVisible();

  await page.getByRole("button", { name: "Create route" }).click();
  const line = routes(page).filter({ hasText: "Never without an answer" });
  await expect(line).toContainText(`${BROKEN} at openai → what was asked, then openai/gpt-5-mini`);

  let eventId = "";
  await expect(async () => {
    eventId = (await made()).event_id;
  }).toPass({ timeout: 20_000 });
  const run = await eventually(() =>
    account.request<{ id: string; attempts: number }>("GET", `/runs/${eventId}`),
  );
  expect(run.attempts).toBe(3);
  await page.goto(`${freshStack.dashboard}/runs/${run.id}`);
  const attempts = page.getByRole("table").filter({ hasText: "Provider and key" });
  await expect(attempts.getByRole("row").filter({ hasText: "503" })).toHaveCount(2);
  await expect(attempts.getByRole("row").filter({ hasText: "answered" })).toContainText(
    "gpt-5-mini",
  );
  await page.getByRole("link", { name: /route: Never without an answer/ }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Never without an answer");
});

test("the same request is answered from memory, and what it saved shows", async ({
  page,
  freshStack,
  openAs,
}) => {
  const account = await openAs(freshStack, "/settings/routes/new?recipe=cache");
  const key = await account.connectMock();
  await page.getByRole("button", { name: "Remove test" }).click();
  await page.getByRole("button", { name: "Create route" }).click();
  await expect(page.getByText("cached 1 day")).toBeVisible();

  const made = () => call("openai", { gateway: freshStack.gateway, key, model: "gpt-5-mini" });
  await expect(async () => {
    const called = await made();
    const run = await eventually(() =>
      account.request<{ id: string; from_cache: boolean }>("GET", `/runs/${called.event_id}`),
    );
    expect(run.from_cache).toBe(true);
    await page.goto(`${freshStack.dashboard}/runs/${run.id}`);
  }).toPass({ timeout: 30_000 });
  await expect(page.getByText(/from cache, saved \$0\.\d+/)).toBeVisible();
});

test("routes are put in order, switched off and deleted", async ({ page, freshStack, openAs }) => {
  const account = await openAs(freshStack, "/settings/routes");
  for (const name of ["First", "Second", "Third"]) {
    await account.request("POST", "/routes", { name, match: { features: [name] } });
  }
  await page.reload();
  await expect.poll(() => names(page)).toEqual(["First", "Second", "Third"]);
  await page.getByRole("button", { name: "Move Third up" }).click();
  await expect.poll(() => names(page)).toEqual(["First", "Third", "Second"]);
  await routes(page).nth(2).locator("[draggable]").dragTo(routes(page).nth(0));
  await expect.poll(() => names(page)).toEqual(["Second", "First", "Third"]);

  await page.getByRole("switch", { name: "Follow First" }).click();
  await expect(page.getByRole("switch", { name: "Follow First" })).not.toBeChecked();
  await page.getByRole("button", { name: "More for Third" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete route" }).click();
  await expect.poll(() => names(page)).toEqual(["Second", "First"]);

  await page.reload();
  await expect.poll(() => names(page)).toEqual(["Second", "First"]);
  await expect(page.getByRole("switch", { name: "Follow First" })).not.toBeChecked();
});

test("a route that cannot work is refused where the fault is", async ({
  page,
  freshStack,
  openAs,
}) => {
  const account = await openAs(freshStack, "/settings/routes/new");
  await account.connectMock();
  await page.reload();
  await page.getByRole("button", { name: "Create route" }).click();
  await expect(page.getByText("Give the route a name.")).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("To another API");
  await page.getByRole("button", { name: "Choose targets" }).click();
  await page.getByLabel("Target 1, provider").click();
  await page.getByRole("option", { name: "OpenAI" }).click();
  await page.getByRole("button", { name: "Create route" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "their APIs differ" })).toBeVisible();
  await page.getByRole("link", { name: "Keys" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Stay" }).click();
  await page.getByLabel("Providers asked").fill("openai,");
  await page.getByRole("button", { name: "Create route" }).click();
  await expect(page.getByText("every call at openai → openai")).toBeVisible();
});

function routes(page: Page): Locator {
  return page.getByRole("list", { name: /^Routes/ }).getByRole("listitem");
}

function names(page: Page): Promise<string[]> {
  return routes(page).getByRole("link").allInnerTexts();
}
