import type { KeyKind } from "@/api/keys";

/** What each kind of key opens, in the order in which people need them. */
export const KEY_KINDS: Record<KeyKind, { label: string; description: string }> = {
  gateway: {
    label: "Gateway",
    description: "For applications that call a model through the gateway.",
  },
  ingest: {
    label: "Ingest",
    description: "For the SDK and event senders. Writes events and reads nothing.",
  },
  admin: {
    label: "Admin",
    description: "For scripts. Reads everything in this workspace and changes its settings.",
  },
};
