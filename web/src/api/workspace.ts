import { stored } from "@/lib/store";

/** The workspace this browser looks at; empty means the member's first. */
export const currentWorkspace = stored<string>("quotah.workspace", (text) => text ?? "");
