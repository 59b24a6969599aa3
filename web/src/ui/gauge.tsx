import { cn } from "@/lib/cn";

type Props = {
  /** What is left, 0 to 1. */
  left: number;
  /** Says in words what the bar shows. */
  label: string;
  /** Seen too long ago to be relied on. */
  stale?: boolean;
  className?: string;
};

const LOW = 0.25;
const NEARLY_OUT = 0.1;

/** How much is left of something that runs out: full is good, and a short bar is coloured. */
export function Gauge({ left, label, stale, className }: Props) {
  const part = Math.max(0, Math.min(1, left));
  const color = stale
    ? "bg-faint opacity-50"
    : part < NEARLY_OUT
      ? "bg-critical"
      : part < LOW
        ? "bg-warning"
        : "bg-good";
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers draw a <meter> in colours of their own
    <div
      role="meter"
      aria-label={label}
      aria-valuenow={Math.round(part * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      className={cn("h-1.5 overflow-hidden rounded-full bg-selected", className)}
    >
      <div
        className={cn("h-full rounded-full", color)}
        // What is not nothing is seen.
        style={{ width: part > 0 ? `max(2px, ${part * 100}%)` : 0 }}
      />
    </div>
  );
}
