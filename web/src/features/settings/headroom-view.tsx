import { ChevronDown } from "lucide-react";
import type { Limit } from "@/api/routing-types";
import {
  amountOf,
  nameOf,
  type Room,
  resetOf,
  sourceWords,
  tightest,
} from "@/features/settings/headroom";
import { When } from "@/features/settings/when";
import { cn } from "@/lib/cn";
import { useNow } from "@/lib/hooks";
import { shareWord } from "@/lib/share";
import { Gauge } from "@/ui/gauge";

type ButtonProps = {
  rooms: readonly Room[];
  /** Whose: for screen readers. */
  name: string;
  open: boolean;
  onToggle: () => void;
};

/** The limit that runs out first; pressed, all of them. */
export function HeadroomButton({ rooms, name, open, onToggle }: ButtonProps) {
  if (rooms.length === 0) return <span className="text-faint text-sm">Not told yet</span>;
  const first = tightest(rooms);
  return (
    <button
      type="button"
      aria-expanded={open}
      onClick={onToggle}
      className="-mx-1.5 flex w-full min-w-0 items-center gap-2 rounded-md px-1.5 py-1 text-left text-sm hover:bg-selected"
    >
      <span className="sr-only">Limits of {name}: </span>
      {first?.left != null ? (
        <>
          <Gauge left={first.left} label={nameOf(first.limit)} className="w-12 shrink-0" />
          <span className="num truncate text-muted">{shareWord(first.left)} left</span>
        </>
      ) : (
        <span className="truncate text-faint">Not seen of late</span>
      )}
      <ChevronDown
        aria-hidden
        className={cn("ml-auto size-3.5 shrink-0 text-faint", open && "rotate-180")}
      />
    </button>
  );
}

/** Every limit of a key that its provider told, with when it is full again and how old the word is. */
export function HeadroomList({ rooms }: { rooms: readonly Room[] }) {
  return (
    <ul className="grid gap-x-6 gap-y-3 sm:grid-cols-2 lg:grid-cols-3">
      {rooms.map((room) => (
        <li key={keyOf(room.limit)} className={cn("min-w-0", room.stale && "text-faint")}>
          <RoomItem room={room} />
        </li>
      ))}
    </ul>
  );
}

function RoomItem({ room: { limit, left, stale } }: { room: Room }) {
  const now = useNow(1_000);
  const reset = resetOf(limit, now);
  return (
    <>
      <p className="flex items-baseline justify-between gap-2 text-sm">
        <span className={cn("truncate", !stale && "font-medium")}>{nameOf(limit)}</span>
        <span className="num shrink-0">{amountOf(limit)}</span>
      </p>
      {left !== null && (
        <Gauge
          left={left}
          stale={stale}
          label={`${nameOf(limit)}, ${amountOf(limit)}`}
          className="mt-1.5"
        />
      )}
      <p className="num mt-1.5 flex flex-wrap gap-x-1.5 text-faint text-xs">
        {limit.model_group && <span className="id truncate">{limit.model_group} ·</span>}
        {reset ? <span>{reset} ·</span> : limit.resets_at && <span>reset since ·</span>}
        <span title={sourceWords(limit)}>
          seen <When at={limit.observed_at} never="never" />
        </span>
      </p>
    </>
  );
}

function keyOf({ model_group, dimension, window_s }: Limit): string {
  return `${model_group}/${dimension}/${window_s}`;
}
