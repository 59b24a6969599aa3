/** An RFC 9457 problem as the API sends it. */
export type Problem = {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  field?: string | null;
  hint?: string | null;
  request_id?: string | null;
};

/** A request that the API refused, or that never reached it (`status` 0, code `unreachable`). */
export class ApiError extends Error {
  readonly problem: Problem;
  /** Seconds after which the server asked us to try again. */
  readonly retryAfter: number | null;

  constructor(problem: Problem, retryAfter: number | null = null) {
    super(problem.detail ?? problem.title);
    this.name = "ApiError";
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** True when the error carries this stable code. */
export function isProblem(error: unknown, code: string): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

export type Explanation = { title: string; detail: string; requestId: string | null };

/** What to tell a person: what happened, what to do, and the id that finds it in the logs. */
export function explain(error: unknown): Explanation {
  if (!(error instanceof ApiError)) {
    return {
      title: "Something in this page went wrong",
      detail: error instanceof Error ? error.message : "Reload the page and try again.",
      requestId: null,
    };
  }
  const { title, detail, hint, request_id } = error.problem;
  const parts = [detail, hint].filter((part): part is string => Boolean(part) && part !== title);
  return { title, detail: parts.join(" "), requestId: request_id ?? null };
}
