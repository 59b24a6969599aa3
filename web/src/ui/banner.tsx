import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

type Props = {
  tone: "info" | "warning" | "critical";
  children: ReactNode;
  actions?: ReactNode;
  className?: string;
};

const looks = {
  info: { icon: Info, classes: "bg-accent-soft text-accent-text" },
  warning: { icon: TriangleAlert, classes: "bg-warning-soft text-warning" },
  critical: { icon: CircleAlert, classes: "bg-critical-soft text-critical" },
};

/** One line across a page: something about all of it that a reader must know. */
export function Banner({ tone, children, actions, className }: Props) {
  const { icon: Icon, classes } = looks[tone];
  return (
    <div
      role="status"
      className={cn("flex items-center gap-2.5 rounded-lg px-3 py-2 text-sm", classes, className)}
    >
      <Icon className="size-4 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1 text-ink">{children}</div>
      {actions}
    </div>
  );
}
