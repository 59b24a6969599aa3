import { expect, type Page } from "@playwright/test";
import { Account } from "../harness/account.ts";
import { eventually } from "../harness/eventually.ts";
import type { Stack } from "../harness/stack.ts";
import { carrySession, test } from "../harness/test.ts";
import { call } from "../harness/vendor-clients.ts";
import { at, picture, type Shot, unanswered } from "./camera.ts";
import { losing, manyGateways, manyLimits, manyProviders, routeBodies } from "./gateway-facts.ts";

const PAGES: Record<string, string> = {
  routes: "/settings/routes",
  "route-new": "/settings/routes/new?recipe=fallback",
  providers: "/settings/providers",
  keys: "/settings/keys",
  gateways: "/settings/gateways",
};

const isOurs = (path: string) => /^\/api\/v1\/(routes|providers|keys|gateways|limits)/.test(path);

test("the pages of the gateway: nothing, a little, a lot, failing", async ({
  browser,
  freshStack,
  context,
}) => {
  test.setTimeout(1_500_000);
  const open = freshStack.dashboard;
  const owner = await Account.setUp(freshStack);
  await owner.skipOnboarding();
  await carrySession(context, freshStack, owner);
  const state = await context.storageState();
  await picture(browser, state, all(freshStack, "empty"));

  await settle(owner, freshStack);
  const runs = await tried(owner, freshStack);
  const [, first] = (await owner.request<{ items: { id: string }[] }>("GET", "/routes")).items;
  await picture(browser, state, [
    ...all(freshStack, "little"),
    at("gateway-route-edit", `${open}/settings/routes/${first?.id}`, openAll),
    at("gateway-route-wrong", `${open}/settings/routes/new?recipe=cache`, wrongRoute),
    at("gateway-provider-dialog", `${open}/settings/providers`, otherProvider),
    at("gateway-key-dialog", `${open}/settings/keys`, limitedKey),
    at("gateway-run-attempts", `${open}/runs/${runs.attempts}`),
    at("gateway-run-cached", `${open}/runs/${runs.cached}`),
    at("gateway-runs", `${open}/runs`),
    at("gateway-overview", `${open}/`),
  ]);
  await picture(browser, state, unanswered(all(freshStack, "failing"), isOurs));

  for (let number = 0; number < 95; number++) {
    await owner.request("POST", "/routes", routeBodies(number));
  }
  await picture(browser, state, [
    at("gateway-routes-many", `${open}/settings/routes`),
    withFacts(at("gateway-providers-many", `${open}/settings/providers`, openLimits)),
    withFacts(at("gateway-gateways-many", `${open}/settings/gateways`)),
    withFacts(at("gateway-banner-overview", `${open}/`)),
  ]);
});

/** Two providers, keys with and without limits, some routes, some calls. */
async function settle(owner: Account, stack: Stack): Promise<void> {
  const key = await owner.connectMock();
  for (const model of ["gpt-5-mini", "gpt-4o"]) {
    await call("openai", { gateway: stack.gateway, key, model, feature: "search" });
  }
  await owner.request("POST", "/keys", {
    kind: "gateway",
    name: "checkout-service",
    models: ["gpt-4o*", "gpt-5-mini"],
    mounts: ["openai"],
    requests_per_minute: 600,
    tokens_per_minute: 200_000,
    byok: false,
    environment: "production",
    defaults: { feature: "checkout", team: "payments", tags: { region: "eu" } },
  });
  for (const body of [
    {
      name: "Never without an answer",
      match: { mounts: ["openai"], models: ["mock-error-503"] },
      targets: [{ mount: "openai" }, { mount: "openai", model: "gpt-5-mini" }],
      retry: { tries: 2, backoff_ms: 50 },
    },
    {
      name: "Search falls back",
      match: { mounts: ["openai"], models: ["gpt-4o"], features: ["search"] },
      targets: [{ mount: "openai" }, { mount: "openai", model: "gpt-5-mini" }],
      retry: { tries: 2 },
      cache: { ttl_s: 600 },
    },
    {
      name: "Half and half",
      match: { mounts: ["openai"], models: ["gpt-5*"] },
      strategy: "weighted",
      targets: [
        { mount: "openai", weight: 7 },
        { mount: "openai", model: "gpt-4o-mini", weight: 3 },
      ],
      timeouts: { first_byte_ms: 5_000 },
    },
    { name: "Everything is tried again", retry: { tries: 3 }, disconnect: "abort" },
    {
      name: "Tests from memory",
      enabled: false,
      match: { environments: ["test"] },
      cache: { ttl_s: 86_400 },
    },
  ]) {
    await owner.request("POST", "/routes", body);
  }
}

/** A call that a second model answered, and one that was answered from memory, by their events. */
async function tried(owner: Account, stack: Stack): Promise<{ attempts: string; cached: string }> {
  const key = await owner.makeKey("gateway", "tries");
  const asked = (model: string) =>
    call("openai", { gateway: stack.gateway, key, model, feature: "search" });
  let attempts = "";
  let cached = "";
  await expect(async () => {
    attempts = (await asked("mock-error-503")).event_id;
    await asked("gpt-4o");
    cached = (await asked("gpt-4o")).event_id;
    const run = await eventually(() =>
      owner.request<{ from_cache: boolean }>("GET", `/runs/${cached}`),
    );
    expect(run.from_cache).toBe(true);
  }).toPass({ timeout: 60_000 });
  return { attempts, cached };
}

function all(stack: Stack, suffix: string): Shot[] {
  return Object.entries(PAGES).map(([name, path]) =>
    at(`gateway-${name}-${suffix}`, stack.dashboard + path),
  );
}

/** Thirty keys with limits, gateways of which one loses events: as the API would tell it. */
function withFacts(shot: Shot): Shot {
  return {
    name: shot.name,
    prepare: async (page) => {
      const answers: Record<string, object> = {
        "/api/v1/providers": { items: manyProviders(), next_cursor: null },
        "/api/v1/limits": { items: manyLimits() },
        "/api/v1/gateways": { items: [...manyGateways(), losing()] },
      };
      await page.route(
        (url) => url.pathname in answers,
        (route) => route.fulfill({ json: answers[new URL(route.request().url()).pathname] }),
      );
      await shot.prepare(page);
    },
  };
}

async function openAll(page: Page): Promise<void> {
  for (const summary of await page.locator("summary").all()) {
    const open = await summary.evaluate((element) => element.parentElement?.hasAttribute("open"));
    if (!open) await summary.click();
  }
  await page.getByText(/This request would/).waitFor();
}

async function wrongRoute(page: Page): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill("");
  await page.getByLabel("Tries of each target").fill("many");
  await page.getByLabel("Keep an answer for").fill("0");
  await page.getByRole("button", { name: "Create route" }).click();
  await page.getByText("Give the route a name").waitFor();
}

async function otherProvider(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Add provider" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /^Show \d+ more/ }).click();
  await dialog.getByRole("radio", { name: "OpenAI-compatible" }).click();
  await dialog.getByLabel("Name at the gateway").fill("my-vllm");
}

async function limitedKey(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Create key" }).first().click();
  await page.getByText("Limit what it may call").click();
}

async function openLimits(page: Page): Promise<void> {
  await page
    .getByRole("button", { name: /^Limits of/ })
    .first()
    .click();
}
