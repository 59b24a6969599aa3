import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

/** Why a form as a whole was refused; said aloud by screen readers when it appears. */
export function FormAlert({ children }: { children: ReactNode }) {
  if (!children) return null;
  return (
    <div
      role="alert"
      className="flex items-start gap-2 rounded-md bg-critical-soft px-3 py-2 text-ink text-sm"
    >
      <CircleAlert className="mt-px size-4 shrink-0 text-critical" aria-hidden />
      <div className="min-w-0 break-words">{children}</div>
    </div>
  );
}
