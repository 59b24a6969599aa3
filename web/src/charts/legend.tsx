import type { Series } from "@/charts/series";
import { cn } from "@/lib/cn";

type Props = {
  series: readonly Series[];
  isolated: string | null;
  onIsolate: (key: string | null) => void;
};

/** Names the colours; a click shows one series alone, a second click all of them. */
export function Legend({ series, isolated, onIsolate }: Props) {
  return (
    <ul className="flex flex-wrap gap-x-1 gap-y-0.5">
      {series.map(({ key, label, color }) => {
        const alone = isolated === key;
        return (
          <li key={key}>
            <button
              type="button"
              aria-pressed={alone}
              title={alone ? "Show all" : `Show only ${label}`}
              onClick={() => onIsolate(alone ? null : key)}
              className={cn(
                "flex h-6 items-center gap-1.5 rounded-sm px-1.5 text-muted text-xs transition-opacity duration-100 hover:bg-hover hover:text-ink",
                isolated !== null && !alone && "opacity-45",
                alone && "text-ink",
              )}
            >
              <i aria-hidden className="size-2 rounded-[2px]" style={{ background: color }} />
              {label}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
