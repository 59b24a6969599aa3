import { cn } from "@/lib/cn";
import { Tooltip } from "@/ui/tooltip";

type Props = {
  state: "connecting" | "live" | "paused" | "offline";
  /** Said instead of "Live". */
  word?: string;
};

const LOOKS = {
  connecting: { word: "Connecting", dot: "bg-faint", hint: "Opening the live feed." },
  live: { word: "Live", dot: "bg-good", hint: "Calls appear as they happen." },
  paused: { word: "Paused", dot: "bg-faint", hint: "The feed sleeps while this page is hidden." },
  offline: {
    word: "Offline",
    dot: "bg-warning",
    hint: "The live feed broke off and is being opened again. What shows is still correct.",
  },
};

/** Whether new calls arrive by themselves. */
export function LiveBadge({ state, word: own }: Props) {
  const { word, dot, hint } = LOOKS[state];
  const waiting = state === "live" && own !== undefined;
  return (
    <Tooltip content={hint}>
      <span className="flex items-center gap-1.5 text-muted text-xs">
        <span
          aria-hidden
          className={cn("size-1.5 rounded-full", dot, waiting && "animate-pulse-soft")}
        />
        {waiting ? own : word}
      </span>
    </Tooltip>
  );
}
