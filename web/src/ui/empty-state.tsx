import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

type Props = {
  icon?: LucideIcon;
  title: string;
  /** Why there is nothing, and what to do next. */
  children?: ReactNode;
  /** Buttons or links. */
  actions?: ReactNode;
  className?: string;
};

export function EmptyState({ icon: Icon, title, children, actions, className }: Props) {
  return (
    <div
      className={cn("flex flex-col items-center justify-center px-6 py-12 text-center", className)}
    >
      {Icon && (
        <span className="mb-3 flex size-9 items-center justify-center rounded-lg border bg-sunken">
          <Icon className="size-4.5 text-muted" aria-hidden />
        </span>
      )}
      <h3 className="font-semibold text-base">{title}</h3>
      {children && <div className="mt-1 max-w-md text-muted text-sm">{children}</div>}
      {actions && (
        <div className="mt-4 flex flex-wrap items-center justify-center gap-2">{actions}</div>
      )}
    </div>
  );
}
