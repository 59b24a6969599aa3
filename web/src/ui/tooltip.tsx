import { Tooltip as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

export function TooltipProvider(props: ComponentProps<typeof Radix.Provider>) {
  return <Radix.Provider delayDuration={250} skipDelayDuration={150} {...props} />;
}

type Props = {
  content: ReactNode;
  /** One element that takes focus and a ref. */
  children: ReactNode;
  side?: "top" | "right" | "bottom" | "left";
  align?: "start" | "center" | "end";
};

export function Tooltip({ content, children, side = "top", align = "center" }: Props) {
  if (content === null || content === undefined || content === "") return children;
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-80 animate-pop rounded-md bg-surface px-2.5 py-1.5 text-ink text-sm shadow-pop"
        >
          {content}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
