import type { Point } from "@/charts/series";

/** Id of the pattern over a bucket that still runs; every chart defines the same one. */
const HATCH = "hatch-running";

type Props = {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  fill?: string;
  payload?: Point & { running: boolean };
};

/** One part of a stacked bar, set off from the next by a hairline of the surface. */
export function StackBar({ x = 0, y = 0, width = 0, height = 0, fill, payload }: Props) {
  if (!(height > 0) || !(width > 0)) return null;
  const box = { x, y, width, height: height > 3 ? height - 0.75 : height };
  return (
    <g>
      <rect {...box} fill={fill} />
      {payload?.running && <rect {...box} fill={`url(#${HATCH})`} />}
    </g>
  );
}

/** The pattern, once in every chart with bars. */
export function Hatch() {
  return (
    <defs>
      <pattern
        id={HATCH}
        width="5"
        height="5"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect width="2.5" height="5" fill="var(--surface)" opacity="0.55" />
      </pattern>
    </defs>
  );
}
