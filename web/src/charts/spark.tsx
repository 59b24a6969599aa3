import { cn } from "@/lib/cn";

type Props = {
  values: readonly (number | null)[];
  /** The last value belongs to a bucket that still runs: drawn dashed. */
  running?: boolean;
  /** Whether the baseline is zero; a rate near one says more against its own range. */
  fromZero?: boolean;
  color?: string;
  className?: string;
};

const WIDTH = 120;
const HEIGHT = 32;
const INSET = 2;

/** A line the size of a word. Decorative: the number beside it is the message. */
export function Spark(props: Props) {
  const { values, running, fromZero = true, color = "var(--accent)", className } = props;
  const points = place(values, fromZero);
  const settled = running ? points.slice(0, -1) : points;
  const tail = running ? points.slice(-2) : [];
  return (
    <svg
      aria-hidden
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={cn("h-8 w-full overflow-visible", className)}
    >
      <path d={areaOf(settled)} fill={color} opacity={0.09} />
      <path d={lineOf(settled)} {...stroke(color)} />
      {tail.every((point) => point !== null) && (
        <path d={lineOf(tail)} {...stroke(color)} strokeDasharray="2 2.5" />
      )}
    </svg>
  );
}

function stroke(color: string) {
  return {
    fill: "none",
    stroke: color,
    strokeWidth: 1.5,
    strokeLinejoin: "round",
    strokeLinecap: "round",
    vectorEffect: "non-scaling-stroke",
  } as const;
}

type Point = { x: number; y: number } | null;

function place(values: readonly (number | null)[], fromZero: boolean): Point[] {
  const known = values.filter((value): value is number => value !== null);
  const base = fromZero ? [0] : [];
  const low = Math.min(...known, ...base);
  const span = Math.max(...known, ...base) - low || 1;
  const step = WIDTH / Math.max(1, values.length - 1);
  return values.map((value, index) => {
    if (value === null) return null;
    const y = HEIGHT - INSET - ((value - low) / span) * (HEIGHT - 2 * INSET);
    return { x: index * step, y };
  });
}

/** SVG path of a line with gaps where points are missing. */
export function lineOf(points: readonly Point[]): string {
  let pen = "M";
  let path = "";
  for (const point of points) {
    if (point === null) {
      pen = "M";
      continue;
    }
    path += `${pen}${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
    pen = "L";
  }
  return path;
}

function areaOf(points: readonly Point[]): string {
  const runs: NonNullable<Point>[][] = [[]];
  for (const point of points) {
    if (point === null) runs.push([]);
    else runs.at(-1)?.push(point);
  }
  return runs
    .filter((run) => run.length > 1)
    .map((run) => `${lineOf(run)}L${run.at(-1)?.x} ${HEIGHT}L${run[0]?.x} ${HEIGHT}Z`)
    .join("");
}
