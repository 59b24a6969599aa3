import { useQuery, useQueryClient } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import { useState } from "react";
import { keysQuery } from "@/api/keys";
import { orderRoutes, routesQuery, saveRoute, useRoutesChanged } from "@/api/routing";
import type { Route } from "@/api/routing-types";
import { moved, shadowOf } from "@/features/routing/order";
import { RouteRow } from "@/features/routing/route-row";
import { type Names, textOf } from "@/features/routing/sentence";
import { cn } from "@/lib/cn";
import { EmptyState } from "@/ui/empty-state";
import { SearchInput } from "@/ui/search-input";
import { notifyError } from "@/ui/toast";

type Props = { items: readonly Route[]; allowed: boolean };

/** From as many on, a list is searched rather than read. */
const LONG = 12;

export function RouteList({ items, allowed }: Props) {
  const names = useNames();
  const [text, setText] = useState("");
  const { move, enable } = useListChanges(items);
  const drag = useDrag(move);
  const wanted = text.trim().toLowerCase();
  const shown = items
    .map((route, index) => ({ route, index }))
    .filter(({ route }) => `${route.name} ${textOf(route, names)}`.toLowerCase().includes(wanted));
  return (
    <>
      {items.length > LONG && (
        <SearchBox value={text} onChange={setText} shown={shown.length} all={items.length} />
      )}
      {shown.length === 0 && (
        <EmptyState className="border-t" icon={SearchX} title={`No route matches “${text.trim()}”`}>
          The name and the line below it are searched.
        </EmptyState>
      )}
      <ol className="border-t" aria-label="Routes, the first that matches is followed">
        {shown.map(({ route, index }) => (
          <li
            key={route.id}
            {...drag.rowOf(index)}
            className={cn(
              "group/row border-b last:border-b-0",
              drag.from === index && "opacity-50",
              drag.over === index && (drag.from ?? 0) > index && "shadow-[0_-2px_0_var(--accent)]",
              drag.over === index && (drag.from ?? 0) < index && "shadow-[0_2px_0_var(--accent)]",
            )}
          >
            <RouteRow
              route={route}
              index={index}
              last={items.length - 1}
              names={names}
              shadow={shadowOf(items, index)}
              allowed={allowed}
              mayMove={allowed && !wanted}
              handle={drag.handleOf(index)}
              onMove={(to) => move(index, to)}
              onEnable={(enabled) => enable(route, enabled)}
            />
          </li>
        ))}
      </ol>
    </>
  );
}

type SearchProps = { value: string; onChange: (text: string) => void; shown: number; all: number };

function SearchBox({ value, onChange, shown, all }: SearchProps) {
  return (
    <div className="flex flex-wrap items-center gap-3 border-t px-4 py-2.5">
      <SearchInput
        aria-label="Search the routes"
        placeholder="Search routes"
        className="w-72 max-sm:w-full"
        value={value}
        onChange={onChange}
      />
      <span role="status" className="num text-muted text-sm">
        {shown === all ? `${all} routes` : `${shown} of ${all} routes`}
      </span>
    </div>
  );
}

/** Names of the keys that routes hold by id. */
function useNames(): Names {
  const keys = useQuery(keysQuery());
  return { keys: new Map(keys.data?.items.map(({ id, name }) => [id, name])) };
}

/** Changes show at once and are taken back when the API refuses them. */
function useListChanges(items: readonly Route[]) {
  const client = useQueryClient();
  const changed = useRoutesChanged();
  const { queryKey } = routesQuery();
  const change = async (next: readonly Route[], send: () => Promise<unknown>, failed: string) => {
    await client.cancelQueries({ queryKey });
    client.setQueryData(queryKey, { items: [...next] });
    try {
      await send();
    } catch (error) {
      client.setQueryData(queryKey, { items: [...items] });
      notifyError(error, failed);
    }
    await changed();
  };
  return {
    move: (from: number, to: number) => {
      const next = moved(items, from, to);
      const ids = next.map(({ id }) => id);
      void change(next, () => orderRoutes(ids), "The order was not changed");
    },
    enable: (route: Route, enabled: boolean) => {
      const next = items.map((each) => (each === route ? { ...route, enabled } : each));
      const failed = `“${route.name}” was not switched ${enabled ? "on" : "off"}`;
      const { id, position: _, created_at: __, updated_at: ___, ...body } = route;
      void change(next, () => saveRoute({ ...body, enabled }, id), failed);
    },
  };
}

/**
 * Rows that a mouse drags by their handle, so that their text can still be selected; the buttons of a
 * row do the same for everybody else.
 */
function useDrag(move: (from: number, to: number) => void) {
  const [from, setFrom] = useState<number | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const end = () => {
    setFrom(null);
    setOver(null);
  };
  return {
    from,
    over: from === over ? null : over,
    handleOf: (index: number) => ({
      draggable: true,
      onDragStart: (event: React.DragEvent) => {
        const row = event.currentTarget.closest("li");
        if (row) event.dataTransfer.setDragImage(row, 0, 0);
        event.dataTransfer.effectAllowed = "move";
        setFrom(index);
      },
      onDragEnd: end,
    }),
    rowOf: (index: number) => ({
      onDragOver: (event: React.DragEvent) => {
        if (from === null) return;
        event.preventDefault();
        setOver(index);
      },
      onDrop: (event: React.DragEvent) => {
        event.preventDefault();
        if (from !== null && from !== index) move(from, index);
        end();
      },
    }),
  };
}
