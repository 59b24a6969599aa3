import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

/** A menu behind a button. `<Menu><MenuTrigger asChild><Button/></MenuTrigger><MenuContent>…` */
export function Menu(props: ComponentProps<typeof Radix.Root>) {
  return <Radix.Root modal={false} {...props} />;
}

export function MenuTrigger(props: ComponentProps<typeof Radix.Trigger>) {
  return <Radix.Trigger {...props} />;
}

export function MenuContent({ className, ...rest }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        sideOffset={6}
        collisionPadding={8}
        className={cn(
          "z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 animate-pop overflow-y-auto rounded-lg bg-surface p-1 shadow-pop",
          className,
        )}
        {...rest}
      />
    </Radix.Portal>
  );
}

const item =
  "flex cursor-pointer select-none items-center gap-2 rounded-md px-2 py-1.5 text-base outline-none data-[disabled]:pointer-events-none data-highlighted:bg-hover data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-faint";

type ItemProps = ComponentProps<typeof Radix.Item> & { tone?: "neutral" | "critical" };

export function MenuItem({ className, tone, ...rest }: ItemProps) {
  const critical = tone === "critical" && "text-critical data-highlighted:bg-critical-soft";
  return <Radix.Item className={cn(item, critical, className)} {...rest} />;
}

/** An entry with a tick; keeps the menu open so that several can be chosen. */
export function MenuCheckItem(props: ComponentProps<typeof Radix.CheckboxItem>) {
  const { className, children, ...rest } = props;
  return (
    <Radix.CheckboxItem
      className={cn(item, "pr-8", className)}
      onSelect={(event) => event.preventDefault()}
      {...rest}
    >
      {children}
      <Radix.ItemIndicator className="absolute right-3">
        <Check className="!text-accent-text" aria-hidden />
      </Radix.ItemIndicator>
    </Radix.CheckboxItem>
  );
}

export function MenuRadioGroup(props: ComponentProps<typeof Radix.RadioGroup>) {
  return <Radix.RadioGroup {...props} />;
}

export function MenuRadioItem(props: ComponentProps<typeof Radix.RadioItem>) {
  const { className, children, ...rest } = props;
  return (
    <Radix.RadioItem className={cn(item, "relative pr-8", className)} {...rest}>
      {children}
      <Radix.ItemIndicator className="absolute right-2">
        <Check className="!text-accent-text" aria-hidden />
      </Radix.ItemIndicator>
    </Radix.RadioItem>
  );
}

export function MenuLabel({ className, ...rest }: ComponentProps<typeof Radix.Label>) {
  return <Radix.Label className={cn("px-2 py-1.5 text-faint text-xs", className)} {...rest} />;
}

export function MenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}
