import { call } from "@/api/client";
import type { Workspace } from "@/api/contract";

export function changeWorkspace(
  id: string,
  changes: { name?: string; timezone?: string },
): Promise<Workspace> {
  return call("PATCH", `/workspaces/${encodeURIComponent(id)}`, { body: changes });
}
