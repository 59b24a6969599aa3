import type { Stack } from "./stack.ts";

const PASSWORD = "correct horse battery staple 7";

export interface Cookie {
  name: string;
  value: string;
}

/** The owner of a stack's first workspace, speaking to the real API beside the browser. */
export class Account {
  private constructor(
    private readonly origin: string,
    readonly email: string,
    readonly password: string,
    readonly cookie: Cookie,
    private readonly csrf: string,
  ) {}

  /** Uses the one-time setup token as the setup page would. */
  static async setUp(stack: Stack): Promise<Account> {
    const email = "ada@example.com";
    const response = await post(stack.dashboard, "/setup", {
      token: stack.setupToken,
      email,
      password: PASSWORD,
      name: "Ada Marsh",
      workspace_name: "Harbour",
    });
    const me = (await response.json()) as { csrf_token: string };
    return new Account(stack.dashboard, email, PASSWORD, sessionCookie(response), me.csrf_token);
  }

  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: {
        ...headers(this.origin),
        cookie: `${this.cookie.name}=${this.cookie.value}`,
        "x-quotah-csrf": this.csrf,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await mustSucceed(response, method, path);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Lets the built-in mock provider stand in for both vendors, and makes a gateway key. */
  async connectMock(): Promise<string> {
    await this.request("POST", "/providers/mock");
    return this.makeKey("gateway", "end-to-end");
  }

  async makeKey(kind: "gateway" | "ingest" | "admin", name: string): Promise<string> {
    const made = await this.request<{ key: string }>("POST", "/keys", { kind, name });
    return made.key;
  }

  async skipOnboarding(): Promise<void> {
    await this.request("PATCH", "/onboarding", { skipped: true });
  }
}

function headers(origin: string): Record<string, string> {
  return { "content-type": "application/json", origin };
}

async function post(origin: string, path: string, body: unknown): Promise<Response> {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method: "POST",
    headers: headers(origin),
    body: JSON.stringify(body),
  });
  await mustSucceed(response, "POST", path);
  return response;
}

async function mustSucceed(response: Response, method: string, path: string): Promise<void> {
  if (response.ok) return;
  throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
}

function sessionCookie(response: Response): Cookie {
  const set = response.headers.getSetCookie().find((line) => line.includes("quotah_session="));
  const pair = set?.split(";")[0] ?? "";
  const cut = pair.indexOf("=");
  if (cut < 1) throw new Error("setup set no session cookie");
  return { name: pair.slice(0, cut), value: pair.slice(cut + 1) };
}
