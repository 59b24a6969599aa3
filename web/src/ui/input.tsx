import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const looks =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 text-base text-ink transition-colors duration-100 placeholder:text-faint hover:border-faint disabled:bg-sunken disabled:text-muted aria-invalid:border-critical max-sm:text-lg";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(looks, "h-9", className)} {...rest} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(looks, "min-h-20 py-2", className)} {...rest} />;
}
