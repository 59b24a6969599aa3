/** The member of this browser: coming in, going out, and which workspace is looked at. */

import { type QueryClient, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { call, setCsrfToken } from "@/api/client";
import type { Me, Workspace } from "@/api/contract";
import { instanceQuery, meQuery } from "@/api/queries";
import { currentWorkspace } from "@/api/workspace";
import { useStored } from "@/lib/store";

export type Credentials = { email: string; password: string };
export type SetupRequest = {
  token: string;
  email: string;
  password: string;
  name: string;
  workspace_name: string;
};

export function signIn(credentials: Credentials): Promise<Me> {
  return call<Me>("POST", "/auth/login", { body: credentials });
}

export function setUp(request: SetupRequest): Promise<Me> {
  return call<Me>("POST", "/setup", { body: request });
}

/** Make `me` the member of this browser; nothing of the member before stays in memory. */
export function enter(client: QueryClient, me: Me): void {
  setCsrfToken(me.csrf_token);
  settleWorkspace(me);
  client.removeQueries({ queryKey: ["ws"] });
  client.setQueryData(meQuery().queryKey, me);
  void client.invalidateQueries({ queryKey: instanceQuery().queryKey });
}

/** Keep the chosen workspace while the member still has it, else take the first. */
export function settleWorkspace(me: Me): void {
  const kept = me.workspaces.some((workspace) => workspace.id === currentWorkspace.get());
  if (!kept) currentWorkspace.set(me.workspaces[0]?.id ?? "");
}

/** The signed-in member; only for pages behind the sign-in, where it is always loaded. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery()).data;
}

export function useWorkspace(): Workspace {
  const { workspaces } = useMe();
  const id = useStored(currentWorkspace);
  const workspace = workspaces.find((each) => each.id === id) ?? workspaces[0];
  if (!workspace) throw new Error("This account belongs to no workspace.");
  return workspace;
}

/** Ends the session at the server, then forgets everything that was loaded with it. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await call<void>("POST", "/auth/logout");
    setCsrfToken("");
    client.clear();
  };
}
