import { ArrowDown, ArrowUp, Minus } from "lucide-react";
import { cn } from "@/lib/cn";
import type { Delta } from "@/lib/delta";

const TONES = { good: "text-good", bad: "text-critical", neutral: "text-muted" };
const ARROWS = { up: ArrowUp, down: ArrowDown, flat: Minus };

type Props = { delta: Delta | null; className?: string };

/** Change against another period: arrow, colour, and words for those who see neither. */
export function DeltaText({ delta, className }: Props) {
  if (!delta) return <span className={cn("text-faint", className)}>–</span>;
  const Arrow = ARROWS[delta.direction];
  return (
    <span className={cn("num inline-flex items-center gap-0.5", TONES[delta.tone], className)}>
      <Arrow className="size-3" aria-hidden />
      <span aria-hidden>{delta.text}</span>
      <span className="sr-only">{delta.words}</span>
    </span>
  );
}
