import { Check, ListFilter } from "lucide-react";
import { useFilterValues } from "@/features/runs/filter-values";
import {
  FILTER_LABELS,
  FILTERS,
  type FilterName,
  type FilterProps,
  toggle,
} from "@/features/runs/filters";
import { cn } from "@/lib/cn";
import { count } from "@/lib/format";
import { Button } from "@/ui/button";
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from "@/ui/dialog";

/** All filters in one sheet, for a phone. */
export function FilterSheet(props: FilterProps) {
  return (
    <Dialog>
      <DialogTrigger asChild>
        <Button size="sm">
          <ListFilter className="text-faint" aria-hidden />
          Filter
        </Button>
      </DialogTrigger>
      <DialogContent title="Filter runs">
        <DialogBody className="flex flex-col gap-4">
          {FILTERS.map((name) => (
            <SheetSection key={name} name={name} {...props} />
          ))}
        </DialogBody>
        <DialogFooter className="sticky bottom-0 bg-surface">
          <DialogClose asChild>
            <Button variant="primary" size="lg" className="w-full">
              Show runs
            </Button>
          </DialogClose>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}

function SheetSection({ name, search, zone, onChange }: FilterProps & { name: FilterName }) {
  const { values, note } = useFilterValues(name, search, zone);
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium text-sm">{FILTER_LABELS[name]}</legend>
      {note && <p className="text-faint text-sm">{note}</p>}
      <div className="flex flex-wrap gap-1.5">
        {values.map(({ value, label, runs, chosen }) => (
          <button
            key={value}
            type="button"
            aria-pressed={chosen}
            onClick={() => onChange({ [name]: toggle(search[name], value) })}
            className={cn(
              "inline-flex h-8 max-w-full items-center gap-1.5 rounded-md border px-2.5 text-sm",
              chosen ? "border-accent bg-accent-soft text-accent-text" : "border-line-strong",
            )}
          >
            {chosen && <Check className="size-3.5 shrink-0" aria-hidden />}
            <span className="truncate">{label}</span>
            {runs !== null && <span className="num text-muted text-xs">{count(runs)}</span>}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
