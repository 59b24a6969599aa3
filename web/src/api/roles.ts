import type { Role } from "@/api/contract";
import { useWorkspace } from "@/api/member";

const MAY_CHANGE: readonly Role[] = ["owner", "admin"];

/** Whether this role may change a workspace's settings. The server decides; this only spares a try. */
export function mayChange(role: Role): boolean {
  return MAY_CHANGE.includes(role);
}

/** Whether whoever is signed in may change the workspace that is looked at. */
export function useMayChange(): boolean {
  return mayChange(useWorkspace().role);
}
