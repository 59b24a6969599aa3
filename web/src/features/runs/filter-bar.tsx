import { useQuery } from "@tanstack/react-query";
import { ListFilter, X } from "lucide-react";
import { useState } from "react";
import { tableQuery } from "@/api/queries";
import { records } from "@/api/table";
import {
  FILTER_LABELS,
  FILTERS,
  FIXED_VALUES,
  type FilterName,
  type RunsSearch,
  toggle,
} from "@/features/runs/filters";
import { count } from "@/lib/format";
import { toPeriod } from "@/lib/period";
import { Button } from "@/ui/button";
import { Menu, MenuCheckItem, MenuContent, MenuLabel, MenuTrigger } from "@/ui/menu";

type Props = {
  search: RunsSearch;
  zone: string;
  onChange: (change: Partial<Record<FilterName, string[] | undefined>>) => void;
};

/** A menu for each filter, and a chip for each value chosen. */
export function FilterBar({ search, zone, onChange }: Props) {
  const chosen = FILTERS.flatMap((name) => (search[name] ?? []).map((value) => ({ name, value })));
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      {FILTERS.map((name) => (
        <FilterMenu key={name} name={name} search={search} zone={zone} onChange={onChange} />
      ))}
      {chosen.map(({ name, value }) => (
        <span
          key={`${name}:${value}`}
          className="inline-flex h-7 items-center gap-1 rounded-md bg-accent-soft pr-1 pl-2 text-accent-text text-xs"
        >
          <span className="opacity-75">{FILTER_LABELS[name]}</span>
          <span className="max-w-48 truncate font-medium">{value}</span>
          <button
            type="button"
            aria-label={`Remove the filter ${FILTER_LABELS[name]} ${value}`}
            className="rounded-sm p-0.5 hover:bg-hover"
            onClick={() => onChange({ [name]: toggle(search[name], value) })}
          >
            <X className="size-3" aria-hidden />
          </button>
        </span>
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

function FilterMenu({ name, search, zone, onChange }: Props & { name: FilterName }) {
  const [open, setOpen] = useState(false);
  return (
    <Menu open={open} onOpenChange={setOpen}>
      <MenuTrigger asChild>
        <Button size="sm">
          <ListFilter className="text-faint" aria-hidden />
          {FILTER_LABELS[name]}
        </Button>
      </MenuTrigger>
      <MenuContent align="start" className="max-h-96 w-64">
        <FilterValues name={name} search={search} zone={zone} onChange={onChange} />
      </MenuContent>
    </Menu>
  );
}

/** The values that occur in the period, the most frequent first. */
function FilterValues({ name, search, zone, onChange }: Props & { name: FilterName }) {
  const fixed = FIXED_VALUES[name];
  const answer = useQuery({
    ...tableQuery({
      metrics: ["requests"],
      dimensions: [name],
      period: toPeriod(search),
      timezone: zone,
      order: [{ field: "requests", desc: true }],
      limit: 100,
      totals: false,
    }),
    enabled: true,
  });
  const counts = new Map(
    (answer.data ? records(answer.data) : []).map((row) => [row[name], row.requests]),
  );
  const found = [...counts.keys()].filter((value): value is string => typeof value === "string");
  const values = [...new Set([...(fixed ?? found), ...(search[name] ?? [])])];
  if (values.length === 0) {
    const state = answer.isPending ? "Loading…" : answer.isError ? "Could not be loaded" : "";
    return <MenuLabel>{state || "None in this period"}</MenuLabel>;
  }
  return values.map((value) => (
    <MenuCheckItem
      key={value}
      checked={search[name]?.includes(value) ?? false}
      onCheckedChange={() => onChange({ [name]: toggle(search[name], value) })}
    >
      <span className="min-w-0 flex-1 truncate">{value}</span>
      {counts.has(value) && (
        <span className="num text-faint text-xs">{count(counts.get(value))}</span>
      )}
    </MenuCheckItem>
  ));
}
