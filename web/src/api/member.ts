/** Who is signed in and which workspace is looked at; for pages behind the session guard. */

import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { call } from "@/api/client";
import type { Me, Workspace } from "@/api/contract";
import { meQuery } from "@/api/queries";
import { currentWorkspace } from "@/api/workspace";
import { useStored } from "@/lib/store";

export function useMe(): Me {
  return useSuspenseQuery(meQuery()).data;
}

export function useWorkspace(): Workspace {
  const id = useStored(currentWorkspace);
  const { workspaces } = useMe();
  const found = workspaces.find((workspace) => workspace.id === id) ?? workspaces[0];
  if (!found) throw new Error("This account belongs to no workspace.");
  return found;
}

/** Make the remembered workspace one that the member still has. */
export function settleWorkspace(me: Me): void {
  const known = me.workspaces.some((workspace) => workspace.id === currentWorkspace.get());
  if (!known) currentWorkspace.set(me.workspaces[0]?.id ?? "");
}

/** Ends the session on the server and forgets everything it brought. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await call("POST", "/auth/logout");
    client.clear();
  };
}
