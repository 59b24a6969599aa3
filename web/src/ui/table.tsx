import { ArrowDown, ArrowUp } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

type TableProps = ComponentProps<"table"> & {
  /** Names the box for tables that may scroll and hold nothing to focus: the box then takes it. */
  scrolls?: string;
};

/** Scrolls sideways inside its own box, so that the page never does. */
export function Table({ className, scrolls, ...rest }: TableProps) {
  const box = scrolls ? { role: "region", tabIndex: 0, "aria-label": scrolls } : {};
  return (
    <div className="relative w-full overflow-x-auto" {...box}>
      <table className={cn("w-full border-collapse text-sm", className)} {...rest} />
    </div>
  );
}

export function THead({ className, ...rest }: ComponentProps<"thead">) {
  return <thead className={cn("sticky top-0 z-10 bg-surface", className)} {...rest} />;
}

type HeadProps = ComponentProps<"th"> & { align?: "left" | "right" };

export function TH({ className, align = "left", ...rest }: HeadProps) {
  return (
    <th
      scope="col"
      className={cn(
        "h-8 whitespace-nowrap border-b px-3 font-normal text-faint text-xs first:pl-4 last:pr-4",
        align === "right" ? "text-right" : "text-left",
        className,
      )}
      {...rest}
    />
  );
}

type SortProps = HeadProps & { sorted: "asc" | "desc" | null; onSort: () => void };

/** A column head that sorts; the arrow shows the direction. */
export function SortTH({ sorted, onSort, children, align = "left", ...rest }: SortProps) {
  const Arrow = sorted === "asc" ? ArrowUp : ArrowDown;
  const state = sorted === null ? "none" : sorted === "asc" ? "ascending" : "descending";
  return (
    <TH align={align} aria-sort={state} {...rest}>
      <button
        type="button"
        onClick={onSort}
        className={cn(
          "group -mx-1 inline-flex items-center gap-1 rounded-sm px-1 hover:text-ink",
          align === "right" && "flex-row-reverse",
          sorted && "text-ink",
        )}
      >
        {children}
        <Arrow
          aria-hidden
          className={cn("size-3", sorted ? "" : "opacity-0 group-hover:opacity-50")}
        />
      </button>
    </TH>
  );
}

export function TR({ className, ...rest }: ComponentProps<"tr">) {
  return <tr className={cn("group/row border-b last:border-b-0", className)} {...rest} />;
}

type CellProps = ComponentProps<"td"> & { align?: "left" | "right"; numeric?: boolean };

/** `numeric` sets the cell right in tabular figures. */
export function TD({ className, align, numeric, ...rest }: CellProps) {
  return (
    <td
      className={cn(
        "h-9 whitespace-nowrap px-3 py-1 first:pl-4 last:pr-4",
        (numeric || align === "right") && "text-right",
        numeric && "num",
        className,
      )}
      {...rest}
    />
  );
}

/** The head of a column of buttons: named for those who hear the page. */
export function ActionsTH() {
  return (
    <TH>
      <span className="sr-only">Actions</span>
    </TH>
  );
}

type ShareProps = { share: number | null; color?: string; children: ReactNode };

/** A share of the whole: as a number, and as a faint bar from the left of the cell. */
export function ShareCell({ share, color = "var(--accent)", children }: ShareProps) {
  const width = Math.max(0, Math.min(1, share ?? 0)) * 100;
  return (
    <td className="h-9 px-3 py-1 first:pl-4 last:pr-4 sm:w-44 sm:min-w-28">
      <div className="flex items-center gap-3">
        <div
          aria-hidden
          className="h-1.5 flex-1 overflow-hidden rounded-full bg-sunken max-sm:hidden"
        >
          <div className="h-full rounded-full" style={{ width: `${width}%`, background: color }} />
        </div>
        <span className="num w-12 text-right text-muted">{children}</span>
      </div>
    </td>
  );
}
