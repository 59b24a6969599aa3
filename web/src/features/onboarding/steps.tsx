import { Check } from "lucide-react";
import { cn } from "@/lib/cn";

const STEPS = [
  { id: "account", label: "Account" },
  { id: "provider", label: "Provider" },
  { id: "connect", label: "First call" },
] as const;

/** Where one is. The account exists by the time this shows. */
export function Steps({ current }: { current: "provider" | "connect" | "done" }) {
  const at = current === "done" ? STEPS.length : STEPS.findIndex((step) => step.id === current);
  return (
    <ol aria-label="Steps" className="mb-6 flex items-center gap-2 sm:gap-3">
      {STEPS.map(({ id, label }, index) => (
        <li
          key={id}
          aria-current={index === at ? "step" : undefined}
          className={cn(
            "flex items-center gap-2 text-sm",
            index <= at ? "text-ink" : "text-faint",
            index === at && "font-medium",
          )}
        >
          {index > 0 && <span aria-hidden className="h-px w-4 bg-line-strong sm:w-8" />}
          <span
            aria-hidden
            className={cn(
              "num flex size-5 shrink-0 items-center justify-center rounded-full text-xs",
              index < at && "bg-good-soft text-good",
              index === at && "bg-accent text-accent-ink",
              index > at && "border border-line-strong",
            )}
          >
            {index < at ? <Check className="size-3" /> : index + 1}
          </span>
          {label}
          {index < at && <span className="sr-only">, done</span>}
        </li>
      ))}
    </ol>
  );
}
