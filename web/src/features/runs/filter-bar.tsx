import { ListFilter, X } from "lucide-react";
import { FilterSheet } from "@/features/runs/filter-sheet";
import { useFilterLabel, useFilterValues } from "@/features/runs/filter-values";
import {
  FILTER_LABELS,
  FILTERS,
  type FilterName,
  type FilterProps,
  toggle,
} from "@/features/runs/filters";
import { count } from "@/lib/format";
import { useMedia } from "@/lib/hooks";
import { Button } from "@/ui/button";
import { Menu, MenuCheckItem, MenuContent, MenuLabel, MenuTrigger } from "@/ui/menu";

/** A menu for each filter (one sheet for all on a phone), and a chip for each value chosen. */
export function FilterBar(props: FilterProps) {
  const { search, onChange } = props;
  const phone = useMedia("(max-width: 640px)");
  const chosen = FILTERS.flatMap((name) => (search[name] ?? []).map((value) => ({ name, value })));
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      {phone ? (
        <FilterSheet {...props} />
      ) : (
        FILTERS.map((name) => <FilterMenu key={name} name={name} {...props} />)
      )}
      {chosen.map(({ name, value }) => (
        <Chip
          key={`${name}:${value}`}
          name={name}
          value={value}
          onRemove={() => onChange({ [name]: toggle(search[name], value) })}
        />
      ))}
      {chosen.length > 1 && (
        <Button
          variant="ghost"
          size="sm"
          onClick={() => onChange(Object.fromEntries(FILTERS.map((name) => [name, undefined])))}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

function Chip(props: { name: FilterName; value: string; onRemove: () => void }) {
  const label = FILTER_LABELS[props.name];
  const value = useFilterLabel(props.name)(props.value);
  return (
    <span className="inline-flex h-7 items-center gap-1 rounded-md bg-accent-soft pr-1 pl-2 text-accent-text text-xs">
      <span>{label}</span>
      <span className="max-w-48 truncate font-semibold">{value}</span>
      <button
        type="button"
        aria-label={`Remove the filter ${label} ${value}`}
        className="rounded-sm p-0.5 hover:bg-hover"
        onClick={props.onRemove}
      >
        <X className="size-3" aria-hidden />
      </button>
    </span>
  );
}

function FilterMenu(props: FilterProps & { name: FilterName }) {
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button size="sm">
          <ListFilter className="text-faint" aria-hidden />
          {FILTER_LABELS[props.name]}
        </Button>
      </MenuTrigger>
      <MenuContent align="start" className="max-h-96 w-64">
        <MenuValues {...props} />
      </MenuContent>
    </Menu>
  );
}

/** Asked for when the menu opens. */
function MenuValues({ name, search, zone, onChange }: FilterProps & { name: FilterName }) {
  const { values, note } = useFilterValues(name, search, zone);
  if (note) return <MenuLabel>{note}</MenuLabel>;
  return values.map(({ value, label, runs, chosen }) => (
    <MenuCheckItem
      key={value}
      checked={chosen}
      onCheckedChange={() => onChange({ [name]: toggle(search[name], value) })}
    >
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {runs !== null && <span className="num text-faint text-xs">{count(runs)}</span>}
    </MenuCheckItem>
  ));
}
