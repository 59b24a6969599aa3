import type { Point } from "@/charts/series";

type Props = {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  payload?: Point;
  color: string;
  /** Id of the pattern laid over a bucket that still runs. */
  hatch: string;
  now: number;
};

/** One part of a stacked bar, set off from the next by a hairline of the surface. */
export function StackBar({
  x = 0,
  y = 0,
  width = 0,
  height = 0,
  payload,
  color,
  hatch,
  now,
}: Props) {
  if (!(height > 0) || !(width > 0)) return null;
  const box = { x, y, width, height: height > 3 ? height - 0.75 : height };
  const running = payload !== undefined && payload.end > now;
  return (
    <g>
      <rect {...box} fill={color} />
      {running && <rect {...box} fill={`url(#${hatch})`} />}
    </g>
  );
}
