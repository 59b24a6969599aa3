import { Switch as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

/** On or off, at once. Needs a name: `aria-label`, or the id of what labels it. */
export function Switch({ className, ...rest }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className={cn(
        "relative h-5 w-9 shrink-0 rounded-full bg-line-strong transition-colors duration-100 disabled:opacity-55 data-[state=checked]:bg-accent",
        className,
      )}
      {...rest}
    >
      <Radix.Thumb className="block size-4 translate-x-0.5 rounded-full bg-accent-ink shadow-[0_1px_2px_rgb(0_0_0/0.3)] transition-transform duration-100 data-[state=checked]:translate-x-4.5" />
    </Radix.Root>
  );
}
