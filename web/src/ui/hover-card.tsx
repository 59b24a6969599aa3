import { Popover as Radix } from "radix-ui";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { cn } from "@/lib/cn";

type Props = {
  /** Names the card for screen readers. */
  label: string;
  /** Rendered only while the card is open. */
  content: ReactNode;
  children: ReactNode;
  /** Stands inside a link: only a mouse opens the card, everything else follows the link. */
  insideLink?: boolean;
  className?: string;
};

const OPEN_AFTER_MS = 250;
const CLOSE_AFTER_MS = 150;

/**
 * A card behind a word: a mouse that rests on it, the keyboard's focus, or a tap opens it. It floats
 * above the page, so nothing moves; scrolling with a finger never opens it.
 */
export function HoverCard({ label, content, children, insideLink, className }: Props) {
  const id = useId();
  const card = useRef<HTMLDivElement>(null);
  const byKeyboard = useRef(false);
  const state = useHoverState();
  const { open, hover } = state;
  const told = { "aria-describedby": open ? id : undefined };
  return (
    <Radix.Root open={open} onOpenChange={state.toggle}>
      {insideLink ? (
        <Radix.Anchor asChild>
          <span className={className} {...hover} {...told}>
            {children}
          </span>
        </Radix.Anchor>
      ) : (
        <Radix.Trigger asChild>
          <button
            type="button"
            {...hover}
            {...told}
            onFocus={state.onFocus}
            onBlur={state.onBlur}
            onClick={(event) => {
              event.stopPropagation();
              byKeyboard.current = event.detail === 0;
              // A click on a card that is merely hovered keeps it; a second one closes it.
              if (!state.pin()) return;
              event.preventDefault();
              if (byKeyboard.current) card.current?.focus();
            }}
            className={cn(
              "rounded-sm decoration-faint decoration-dotted underline-offset-4 hover:underline",
              className,
            )}
          >
            {children}
          </button>
        </Radix.Trigger>
      )}
      <Radix.Portal>
        <Radix.Content
          ref={card}
          id={id}
          aria-label={label}
          align="start"
          sideOffset={6}
          collisionPadding={8}
          {...hover}
          onClick={(event) => event.stopPropagation()}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            if (byKeyboard.current) card.current?.focus();
            byKeyboard.current = false;
          }}
          onCloseAutoFocus={(event) => {
            if (!state.wasPinned()) event.preventDefault();
          }}
          className="z-50 max-h-(--radix-popover-content-available-height) w-[min(26rem,calc(100vw-16px))] animate-pop overflow-y-auto rounded-lg bg-surface text-left font-normal text-ink text-sm shadow-pop outline-none"
        >
          {content}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Opens after a rest, closes after leaving both the word and the card, unless it was clicked. */
function useHoverState() {
  const [open, setOpen] = useState(false);
  const pinned = useRef(false);
  const returning = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const later = (next: boolean, ms: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (next || !pinned.current) setOpen(next);
    }, ms);
  };
  return {
    open,
    hover: {
      onPointerEnter: (event: React.PointerEvent) => {
        if (event.pointerType === "mouse") later(true, OPEN_AFTER_MS);
      },
      onPointerLeave: (event: React.PointerEvent) => {
        if (event.pointerType === "mouse") later(false, CLOSE_AFTER_MS);
      },
    },
    onFocus: (event: React.FocusEvent<HTMLElement>) => {
      // The focus that comes back when the card was closed does not open it again.
      if (returning.current) returning.current = false;
      else if (event.currentTarget.matches(":focus-visible")) later(true, OPEN_AFTER_MS);
    },
    onBlur: () => later(false, CLOSE_AFTER_MS),
    /** True when the card was open and is now kept. */
    pin: () => {
      const kept = open && !pinned.current;
      pinned.current = true;
      clearTimeout(timer.current);
      return kept;
    },
    toggle: (next: boolean) => {
      clearTimeout(timer.current);
      setOpen(next);
      if (next) return;
      returning.current = pinned.current;
    },
    wasPinned: () => {
      const was = pinned.current;
      pinned.current = false;
      return was;
    },
  };
}
