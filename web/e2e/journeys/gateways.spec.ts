import { expect, type Page } from "@playwright/test";
import { test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";

const GATEWAY = {
  gateway_id: "gateway-1",
  up: true,
  snapshot_version: 3,
  in_flight: 0,
  journal_depth: 0,
  journal_failing: false,
  events_waiting: 0,
  losses: {},
};

test("the gateway that runs is listed, with nothing lost", async ({ page, signedIn: _ }) => {
  await page.goto("/settings/gateways");
  const row = page.getByRole("row").nth(1);
  await expect(row).toContainText("Up", { timeout: 20_000 });
  await expect(page.getByText("cannot write its journal")).toBeHidden();
});

test("every page says that the gateway cannot write its journal, and what to do", async ({
  page,
  signedIn: _,
}) => {
  await tell(page, [{ ...GATEWAY, journal_failing: true, losses: { events: 12 } }]);
  for (const path of ["/", "/runs", "/settings/keys"]) {
    await page.goto(path);
    const banner = page.getByRole("status").filter({ hasText: "cannot write its journal" });
    await expect(banner).toContainText("12 events are lost");
    await expect(banner).toContainText("Free space on the disk of gateway gateway-1");
  }
  await page.getByRole("link", { name: "Show the gateways" }).click();
  await expect(page.getByRole("row").filter({ hasText: "gateway-1" })).toContainText(
    "Journal failing",
  );
});

test("a loss that was seen can be put away, until more is lost", async ({ page, signedIn: _ }) => {
  await tell(page, [{ ...GATEWAY, losses: { events: 1 } }]);
  await page.goto("/runs");
  await page.getByRole("button", { name: "Hide until more is lost" }).click();
  await expect(page.getByText("1 event of the gateway was lost")).toBeHidden();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText("1 event of the gateway was lost")).toBeHidden();
  await page.unrouteAll();
  await tell(page, [{ ...GATEWAY, losses: { events: 2 } }]);
  await page.reload();
  await expect(page.getByText("2 events of the gateway were lost")).toBeVisible();
});

test("a gateway that is not heard of is missed once it has carried calls", async ({
  page,
  owner,
  stack,
  signedIn: _,
}) => {
  await tell(page, []);
  const key = await owner.connectMock();
  await call("openai", { gateway: stack.gateway, key });
  await expect(async () => {
    await page.goto("/runs");
    await expect(page.getByText("No gateway has been heard of")).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 30_000 });
});

/** What the API tells of the gateways from here on. */
async function tell(page: Page, gateways: object[]): Promise<void> {
  await page.route("**/api/v1/gateways", (route) => {
    const now = new Date().toISOString();
    const items = gateways.map((each) => ({ ...each, seen_at: now, started_at: now }));
    return route.fulfill({ json: { items } });
  });
}
