import { RadioGroup } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

type Props<T extends string> = {
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; description?: ReactNode }[];
  "aria-label": string;
  className?: string;
};

/** A few choices that each need a word of explanation. */
export function ChoiceCards<T extends string>(props: Props<T>) {
  const { value, onChange, options, className, ...rest } = props;
  const choose = (next: string) => {
    const found = options.find((option) => option.value === next);
    if (found) onChange(found.value);
  };
  return (
    <RadioGroup.Root
      value={value}
      onValueChange={choose}
      className={cn("flex flex-col gap-2", className)}
      {...rest}
    >
      {options.map((option) => (
        <RadioGroup.Item
          key={option.value}
          value={option.value}
          className="group flex items-start gap-2.5 rounded-lg border border-line-strong bg-surface px-3 py-2.5 text-left transition-colors duration-100 hover:bg-hover data-[state=checked]:border-accent data-[state=checked]:bg-accent-soft"
        >
          <span
            aria-hidden
            className="mt-[3px] flex size-3.5 shrink-0 items-center justify-center rounded-full border border-faint group-data-[state=checked]:border-accent"
          >
            <RadioGroup.Indicator className="size-2 rounded-full bg-accent" />
          </span>
          <span className="min-w-0">
            <span className="block font-medium text-base">{option.label}</span>
            {option.description && (
              <span className="block text-muted text-sm">{option.description}</span>
            )}
          </span>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
