import type { AnswerOf, ApiPath, BodyOf, MethodOf, QueryOf } from "@/api/routes";
import { currentWorkspace } from "@/api/workspace";
import { ApiError, type Problem } from "@/lib/problem";

/** The one way to the API: same origin, cookie session, typed problems. */

type QueryValue = string | number | boolean | null | undefined | readonly string[];
type Sent = { query?: object; body?: unknown; signal?: AbortSignal };
type Options<P, M> = { query?: QueryOf<P, M>; body?: BodyOf<P, M>; signal?: AbortSignal };

const BASE = "/api/v1";
let csrfToken = "";

/** Every state-changing request carries this token; it comes with `GET /me`. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export async function call<const P extends ApiPath, M extends MethodOf<P>>(
  method: M,
  path: P,
  options: Options<P, M> = {},
): Promise<AnswerOf<P, M>> {
  const response = await send(method, path, options);
  if (!response.ok) throw await toError(response);
  const answer: unknown = response.status === 204 ? undefined : await response.json();
  // The one place that believes the server: its schema says what it answers.
  return answer as AnswerOf<P, M>;
}

/** A response whose body is read as it arrives (server-sent events). */
export async function open(path: ApiPath, signal: AbortSignal): Promise<Response> {
  const response = await send("GET", path, { signal }, "text/event-stream");
  if (!response.ok) throw await toError(response);
  return response;
}

async function send(
  method: string,
  path: string,
  { query, body, signal }: Sent,
  accept = "application/json",
): Promise<Response> {
  const headers = new Headers({ accept });
  const workspace = currentWorkspace.get();
  if (workspace) headers.set("x-quotah-workspace", workspace);
  if (body !== undefined) headers.set("content-type", "application/json");
  if (method !== "GET") headers.set("x-quotah-csrf", csrfToken);
  try {
    return await fetch(BASE + path + queryString(query), {
      method,
      headers,
      signal,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({
      title: "Quotah cannot be reached",
      status: 0,
      code: "unreachable",
      detail: "Check that “quotah up” is running and that this browser is online, then try again.",
    });
  }
}

function queryString(query: object | undefined): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries<QueryValue>({ ...query })) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") params.append(key, String(each));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

async function toError(response: Response): Promise<ApiError> {
  const requestId = response.headers.get("x-request-id");
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    const body: unknown = await response.json().catch(() => null);
    if (isProblem(body)) {
      return new ApiError({ ...body, request_id: body.request_id ?? requestId }, retryAfter);
    }
  }
  return new ApiError(
    {
      title: response.status >= 500 ? "The server failed to answer" : "The request was refused",
      status: response.status,
      code: "unexpected_response",
      detail: `It answered with status ${response.status}.`,
      request_id: requestId,
    },
    retryAfter,
  );
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "title" in body && "code" in body;
}
