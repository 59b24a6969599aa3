import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, setCsrfToken } from "@/api/client";
import { currentWorkspace } from "@/api/workspace";
import { ApiError } from "@/lib/problem";

type Sent = { url: string; init: RequestInit & { headers: Headers } };
let sent: Sent[] = [];

function answerWith(make: () => Response | Promise<Response>): void {
  vi.stubGlobal("fetch", async (url: string, init: Sent["init"]) => {
    sent.push({ url, init });
    return make();
  });
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`not refused: ${error}`);
  return error;
}

beforeEach(() => {
  sent = [];
  setCsrfToken("token-1");
  currentWorkspace.set("ws_1");
});
afterEach(() => vi.unstubAllGlobals());

describe("a request", () => {
  it("that changes something carries the token, one that reads does not", async () => {
    answerWith(() => json({}));
    await call("GET", "/me");
    await call("POST", "/auth/logout");
    expect(sent.map(({ init }) => init.headers.get("x-quotah-csrf"))).toEqual([null, "token-1"]);
  });

  it("names the workspace", async () => {
    answerWith(() => json({}));
    await call("GET", "/me");
    expect(sent[0]?.init.headers.get("x-quotah-workspace")).toBe("ws_1");
  });

  it("repeats a query parameter for each value and leaves out empty ones", async () => {
    answerWith(() => json({ items: [], next_cursor: null }));
    await call("GET", "/runs", { query: { model: ["a&b", "c"], limit: 5, cursor: undefined } });
    expect(sent[0]?.url).toBe("/api/v1/runs?model=a%26b&model=c&limit=5");
  });

  it("without an answer (204) yields nothing", async () => {
    answerWith(() => new Response(null, { status: 204 }));
    expect(await call("DELETE", "/samples")).toBeUndefined();
  });
});

describe("a refusal", () => {
  it("keeps code, hint, request id and the time to wait", async () => {
    const problem = {
      type: "about:blank",
      title: "Too many attempts",
      status: 429,
      detail: "Wait a little.",
      code: "too_many_attempts",
      request_id: "req_1",
    };
    answerWith(() => json(problem, 429, { "retry-after": "30" }));
    const error = await failure(call("GET", "/me"));
    expect([error.status, error.code, error.retryAfter]).toEqual([429, "too_many_attempts", 30]);
    expect(error.problem.request_id).toBe("req_1");
  });

  it("that is no problem document still has the request id of its header", async () => {
    answerWith(
      () =>
        new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "x-request-id": "r2" } }),
    );
    const error = await failure(call("GET", "/me"));
    expect(error.problem).toMatchObject({ code: "unexpected_response", request_id: "r2" });
  });

  it("says that Quotah is away when nothing answers", async () => {
    answerWith(() => Promise.reject(new TypeError("network")));
    expect((await failure(call("GET", "/me"))).code).toBe("unreachable");
  });
});

/** Never run: the compiler reads it. A line that compiles although it must not breaks the build. */
function refusedByTheCompiler(id: string): void {
  // @ts-expect-error no such path
  void call("GET", "/nonsense");
  // @ts-expect-error no such method
  void call("DELETE", "/me");
  // @ts-expect-error no such query parameter
  void call("GET", "/runs", { query: { colour: ["red"] } });
  // @ts-expect-error a body of another shape
  void call("POST", "/auth/login", { body: { name: "x" } });
  void call("GET", `/runs/${id}`).then((run) => run.line_items satisfies { unit: string }[]);
}
void refusedByTheCompiler;
