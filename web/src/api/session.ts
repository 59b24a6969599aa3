/** Coming in: setup and sign-in. Who is in: `member.ts`. */

import type { QueryClient } from "@tanstack/react-query";
import type { components } from "@/api/__generated__/schema";
import { call, setCsrfToken } from "@/api/client";
import type { Me } from "@/api/contract";
import { settleWorkspace } from "@/api/member";
import { instanceQuery, meQuery } from "@/api/queries";

export type Credentials = components["schemas"]["Credentials"];
export type SetupRequest = components["schemas"]["SetupIn"];

export function signIn(credentials: Credentials): Promise<Me> {
  return call("POST", "/auth/login", { body: credentials });
}

export function setUp(request: SetupRequest): Promise<Me> {
  return call("POST", "/setup", { body: request });
}

/** Make `me` the member of this browser; nothing of the member before stays in memory. */
export function enter(client: QueryClient, me: Me): void {
  setCsrfToken(me.csrf_token);
  settleWorkspace(me);
  client.removeQueries({ queryKey: ["ws"] });
  client.setQueryData(meQuery().queryKey, me);
  void client.invalidateQueries({ queryKey: instanceQuery().queryKey });
}
