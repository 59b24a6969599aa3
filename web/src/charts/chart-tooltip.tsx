import { type Point, rank, type Series } from "@/charts/series";
import { formatValue, percent, type Unit } from "@/lib/format";
import { bucketTitle, type Grain } from "@/lib/time";

type Props = {
  point: Point;
  series: readonly Series[];
  unit: Unit;
  grain: Grain;
  zone: string;
  stacked: boolean;
  running: boolean;
};

const MOST = 10;

/** What a bucket holds, largest first, with total and shares. */
export function ChartTooltip({ point, series, unit, grain, zone, stacked, running }: Props) {
  const rows = rank(point, series, stacked);
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return (
    <div className="min-w-52 rounded-lg bg-surface px-3 py-2.5 text-sm shadow-pop">
      <div className="flex items-baseline justify-between gap-6 text-faint text-xs">
        <span>{bucketTitle(point.at, point.end, grain, zone)}</span>
        {running && <span>so far</span>}
      </div>
      {stacked && (
        <div className="mt-1 flex justify-between gap-6 border-b pb-1.5 font-medium">
          <span>Total</span>
          <span className="num">{formatValue(unit, total)}</span>
        </div>
      )}
      {rows.length === 0 && <div className="mt-1.5 text-muted">No calls</div>}
      <table className="mt-1 w-full border-separate border-spacing-y-0.5">
        <tbody>
          {rows.slice(0, MOST).map(({ series: each, value, share }) => (
            <tr key={each.key}>
              <td className="pr-4">
                <span className="flex items-center gap-2">
                  <i
                    aria-hidden
                    className="size-2 shrink-0 rounded-[2px]"
                    style={{ background: each.color }}
                  />
                  <span className="max-w-48 truncate">{each.label}</span>
                </span>
              </td>
              <td className="num text-right">{formatValue(unit, value)}</td>
              {stacked && <td className="num w-13 text-right text-faint">{percent(share)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <div className="mt-1 text-faint text-xs">and {rows.length - MOST} more</div>
      )}
    </div>
  );
}
