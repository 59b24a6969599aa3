import { cn } from "@/lib/cn";

/** A grey place-holder in the shape of what is being loaded. */
export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden
      className={cn("block animate-pulse-soft rounded-sm bg-selected", className)}
    />
  );
}

type RowsProps = { rows: number; columns: readonly string[] };

/** Table rows being loaded; `columns` are width classes, one per column. */
export function SkeletonRows({ rows, columns }: RowsProps) {
  return Array.from({ length: rows }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
    <tr key={row} className="border-b last:border-b-0">
      {columns.map((width, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns are fixed
        <td key={column} className="h-9 px-3 first:pl-4 last:pr-4">
          <Skeleton className={cn("h-3", width)} />
        </td>
      ))}
    </tr>
  ));
}
