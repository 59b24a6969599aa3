import { Search } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";
import { Input } from "@/ui/input";

type Props = Omit<ComponentProps<"input">, "type" | "onChange"> & {
  /** Names it: it has no visible label. */
  "aria-label": string;
  onChange: (text: string) => void;
};

/** Text that a list is searched by. */
export function SearchInput({ className, onChange, ...rest }: Props) {
  return (
    <div className={cn("relative", className)}>
      <Search
        className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-faint"
        aria-hidden
      />
      <Input
        type="search"
        autoComplete="off"
        spellCheck={false}
        className="pl-8.5"
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
    </div>
  );
}
