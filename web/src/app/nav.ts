import { LayoutDashboard, ListTree, type LucideIcon, Settings } from "lucide-react";

type Entry = { to: "/" | "/runs" | "/settings"; label: string; icon: LucideIcon };

/** The pages of the sidebar, in order; on a phone they are the bottom bar. */
export const NAV: readonly Entry[] = [
  { to: "/", label: "Overview", icon: LayoutDashboard },
  { to: "/runs", label: "Runs", icon: ListTree },
  { to: "/settings", label: "Settings", icon: Settings },
];
