import { call } from "@/api/client";

type Options = { query?: object; body?: unknown; signal?: AbortSignal };

/** A call whose shape the generated schema does not know yet. */
export const callUpcoming = call as unknown as <T>(
  method: string,
  path: string,
  options?: Options,
) => Promise<T>;
