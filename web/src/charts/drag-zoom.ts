import { useEffect, useRef, useState } from "react";
import type { Point } from "@/charts/series";

type Drag = { first: number; last: number };
/** What Recharts hands to mouse handlers: the bucket under the pointer. */
type Under = { activeTooltipIndex?: unknown };

export type DragZoom = {
  /** Bucket indexes being dragged over, in order; null when none. */
  area: Drag | null;
  onMouseDown: (under: Under) => void;
  onMouseMove: (under: Under) => void;
};

/** Drag across buckets to zoom into them. `onZoom` gets their first start and last end. */
export function useDragZoom(
  points: readonly Point[],
  onZoom: ((from: number, to: number) => void) | undefined,
): DragZoom {
  // Pressing alone draws nothing: a redraw between press and release would swallow a double click.
  const pressed = useRef<number | null>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const latest = useRef({ drag, points, onZoom });
  latest.current = { drag, points, onZoom };

  useEffect(() => {
    // On the window: the button may be released outside the chart.
    const finish = () => {
      const { drag: done, points: all, onZoom: zoom } = latest.current;
      pressed.current = null;
      setDrag(null);
      const span = done && spanOf(done, all);
      if (span && zoom) zoom(span.from, span.to);
    };
    window.addEventListener("mouseup", finish);
    return () => window.removeEventListener("mouseup", finish);
  }, []);

  return {
    area: drag && drag.first !== drag.last ? ordered(drag) : null,
    onMouseDown: (under) => {
      pressed.current = onZoom ? indexOf(under) : null;
    },
    onMouseMove: (under) => {
      const last = indexOf(under);
      const first = pressed.current;
      if (first === null || last === null) return;
      if (drag ? drag.last !== last : first !== last) setDrag({ first, last });
    },
  };
}

function indexOf({ activeTooltipIndex }: Under): number | null {
  if (activeTooltipIndex === null || activeTooltipIndex === undefined) return null;
  const index = Number(activeTooltipIndex);
  return Number.isInteger(index) ? index : null;
}

function ordered({ first, last }: Drag): Drag {
  return first <= last ? { first, last } : { first: last, last: first };
}

/** The span dragged over; null for a plain click, which zooms nowhere. */
export function spanOf(drag: Drag, points: readonly Point[]): { from: number; to: number } | null {
  const { first, last } = ordered(drag);
  const [from, to] = [points[first], points[last]];
  return from && to && first !== last ? { from: from.at, to: to.end } : null;
}
