import { useMemo, useState } from "react";
import {
  Area,
  Bar,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceArea,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { niceTicks, pickTicks, tickLabel } from "@/charts/axis";
import { ChartTooltip } from "@/charts/chart-tooltip";
import { useDragZoom } from "@/charts/drag-zoom";
import { Legend } from "@/charts/legend";
import { type ChartKind, type Point, type Series, topOf } from "@/charts/series";
import { Hatch, StackBar } from "@/charts/stack-bar";
import type { Unit } from "@/lib/format";
import { useMedia } from "@/lib/hooks";
import { bucketTick, type Grain } from "@/lib/time";

type Props = {
  /** Says what is drawn, for screen readers. */
  label: string;
  kind: ChartKind;
  unit: Unit;
  series: readonly Series[];
  points: readonly Point[];
  grain: Grain;
  zone: string;
  /** Epoch ms: a bucket that ends later still runs and is hatched. */
  now: number;
  height?: number;
  /** Charts with the same id share their cross-hair. */
  syncId?: string;
  onZoom?: (from: number, to: number) => void;
  onReset?: () => void;
};

const AXIS = { fill: "var(--axis)", fontSize: 11 };

export function TimeSeries(props: Props) {
  const { series, points, label, onReset, height = 280 } = props;
  const [chosen, isolate] = useState<string | null>(null);
  // A series that is gone after a change of the period must not hide all the others.
  const isolated = series.some(({ key }) => key === chosen) ? chosen : null;
  const shown = isolated ? series.filter(({ key }) => key === isolated) : series;
  return (
    <figure aria-label={label}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the date picker does the same by keyboard */}
      <div className="select-none" style={{ height }} onDoubleClick={onReset}>
        {/* Another period is another chart: the bucket under the pointer is no longer the same. */}
        <Plot key={`${points[0]?.at}-${points.length}`} {...props} shown={shown} />
      </div>
      {series.length > 1 && (
        <figcaption className="mt-2 pl-1">
          <Legend series={series} isolated={isolated} onIsolate={isolate} />
        </figcaption>
      )}
    </figure>
  );
}

function Plot(props: Props & { shown: readonly Series[] }) {
  const { kind, unit, points, grain, zone, now, syncId, shown, onZoom } = props;
  const phone = useMedia("(max-width: 640px)");
  const zoom = useDragZoom(points, onZoom);
  const stacked = kind !== "lines";
  const keys = shown.map(({ key }) => key);
  const ticks = niceTicks(topOf(points, keys, stacked));
  const labels = ticks.map((tick) => tickLabel(unit, tick));
  const rows = useMemo(
    () => points.map((point) => ({ ...point, running: point.end > now })),
    [points, now],
  );
  const starts = points.map(({ at }) => at);
  const dragged = zoom.area && [points[zoom.area.first], points[zoom.area.last]];
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ComposedChart
        data={rows}
        syncId={syncId}
        margin={{ top: 8, right: 22, bottom: 0, left: 0 }}
        barCategoryGap={points.length > 60 ? "12%" : "22%"}
        onMouseDown={zoom.onMouseDown}
        onMouseMove={zoom.onMouseMove}
      >
        <Hatch />
        <CartesianGrid vertical={false} stroke="var(--grid)" />
        <XAxis
          dataKey="at"
          ticks={pickTicks(starts, grain, zone, phone ? 5 : 12)}
          interval={0}
          tickFormatter={(at: number) => bucketTick(at, grain, zone)}
          tick={AXIS}
          tickLine={false}
          axisLine={{ stroke: "var(--line-strong)" }}
          tickMargin={8}
          height={28}
        />
        <YAxis
          ticks={ticks}
          domain={[0, ticks.at(-1) ?? 1]}
          tickFormatter={(value: number) => tickLabel(unit, value)}
          tick={AXIS}
          tickLine={false}
          axisLine={false}
          width={Math.max(...labels.map((text) => text.length)) * 6.4 + 12}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: "var(--ink-faint)", strokeDasharray: "2 3" }}
          wrapperStyle={{ zIndex: 20 }}
          content={({ active, activeIndex }) => {
            const point = active && !dragged ? points[Number(activeIndex)] : undefined;
            if (!point) return null;
            const running = point.end > now;
            const rest = { unit, grain, zone, stacked, running };
            return <ChartTooltip point={point} series={shown} {...rest} />;
          }}
        />
        {shown.map((each) => draw(kind, each))}
        {dragged?.[0] && dragged[1] && (
          <ReferenceArea
            x1={dragged[0].at}
            x2={dragged[1].at}
            fill="var(--accent)"
            fillOpacity={0.12}
            ifOverflow="visible"
          />
        )}
      </ComposedChart>
    </ResponsiveContainer>
  );
}

/** Called, not rendered: Recharts looks for its own elements among the children. */
function draw(kind: ChartKind, { key, label, color }: Series) {
  const value = (point: Point) => point.values[key] ?? null;
  const common = { dataKey: value, name: label, isAnimationActive: false };
  switch (kind) {
    case "bars":
      return (
        <Bar key={key} {...common} stackId="all" fill={color} maxBarSize={44} shape={StackBar} />
      );
    case "area":
      return (
        <Area
          key={key}
          {...common}
          stackId="all"
          stroke={color}
          strokeWidth={1.5}
          fill={color}
          fillOpacity={0.16}
        />
      );
    case "lines":
      return (
        <Line
          key={key}
          {...common}
          stroke={color}
          strokeWidth={1.5}
          dot={false}
          activeDot={{ r: 3, strokeWidth: 0 }}
          connectNulls={false}
        />
      );
  }
}
