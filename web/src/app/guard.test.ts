import { QueryClient } from "@tanstack/react-query";
import { isRedirect } from "@tanstack/react-router";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Me } from "@/api/contract";
import { currentWorkspace } from "@/api/workspace";
import { shouldRetry } from "@/app/client";
import { leadToOnboarding, requireSession } from "@/app/guard";
import { ApiError } from "@/lib/problem";

const me: Me = {
  member: { id: "mem_1", email: "ada@example.com", name: "Ada" },
  csrf_token: "t",
  workspaces: [
    { id: "ws_1", name: "One", role: "owner", timezone: "UTC", is_sample: false, projects: [] },
  ],
};

/** The API, by path: a body, or the status of a refusal. */
function api(answers: Record<string, object | number>): void {
  vi.stubGlobal("fetch", async (url: string) => {
    const answer = answers[url.replace("/api/v1", "")] ?? 404;
    const status = typeof answer === "number" ? answer : 200;
    const body = status === 200 ? answer : { title: "Refused", status, code: "refused" };
    return new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json" },
    });
  });
}

async function target(promise: Promise<void>): Promise<unknown> {
  try {
    await promise;
    return "in";
  } catch (error) {
    if (!isRedirect(error)) throw error;
    return { to: error.options.to, search: error.options.search };
  }
}

const client = () => new QueryClient({ defaultOptions: { queries: { retry: false } } });
afterEach(() => vi.unstubAllGlobals());

describe("the guard of the session", () => {
  it("lets a member in and settles on a workspace that exists", async () => {
    currentWorkspace.set("ws_gone");
    api({ "/me": me });
    expect(await target(requireSession(client(), "/"))).toBe("in");
    expect(currentWorkspace.get()).toBe("ws_1");
  });

  it("asks others to sign in and remembers where they wanted to go", async () => {
    api({ "/me": 401, "/instance": { setup_required: false } });
    expect(await target(requireSession(client(), "/runs?model=o3"))).toEqual({
      to: "/login",
      search: { next: "/runs?model=o3" },
    });
  });

  it("leads to the setup where nobody has an account yet", async () => {
    api({ "/me": 401, "/instance": { setup_required: true } });
    expect(await target(requireSession(client(), "/"))).toMatchObject({ to: "/setup" });
  });

  it("does not take a failing server for a missing session", async () => {
    api({ "/me": 503 });
    await expect(requireSession(client(), "/")).rejects.toThrow(ApiError);
  });
});

describe("the way to onboarding", () => {
  const steps = { provider: true, gateway_key: true, first_call: false };
  it.each([
    [
      { done: false, skipped: false, steps },
      { to: "/onboarding", search: undefined },
    ],
    [{ done: false, skipped: true, steps }, "in"],
    [{ done: true, skipped: false, steps: { ...steps, first_call: true } }, "in"],
    [503, "in"],
  ])("of %j leads to %j", async (onboarding, where) => {
    api({ "/onboarding": onboarding });
    expect(await target(leadToOnboarding(client()))).toEqual(where);
  });
});

describe("trying again", () => {
  const error = (status: number) => new ApiError({ title: "x", status, code: "x" });
  it("happens once, when the server failed or was away", () => {
    expect([500, 503, 0].map((status) => shouldRetry(0, error(status)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(shouldRetry(1, error(500))).toBe(false);
  });
  it("does not happen on a refusal, nor on an error of our own", () => {
    expect([400, 401, 404, 422, 429].some((status) => shouldRetry(0, error(status)))).toBe(false);
    expect(shouldRetry(0, new TypeError("bug"))).toBe(false);
  });
});
