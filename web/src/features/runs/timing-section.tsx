import type { Run } from "@/api/contract";
import { count, duration } from "@/lib/format";
import { clock, day, instant, timeOfDay } from "@/lib/time";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { Tooltip } from "@/ui/tooltip";

type Part = { label: string; ms: number; color: string; hint: string };

type Props = { run: Run; zone: string };

/** Where the time went. */
export function TimingSection({ run, zone }: Props) {
  const parts = timingParts(run);
  const total = run.latency_ms;
  const speed = tokensPerSecond(run);
  return (
    <Card>
      <CardHeader
        title="Timing"
        description={
          <Tooltip content={instant(run.started_at, zone)} align="start">
            <span className="num w-fit">
              {clock(run.started_at, zone)}
              {run.ended_at && ` – ${endOf(run.started_at, run.ended_at, zone)}`}
            </span>
          </Tooltip>
        }
        actions={<span className="num font-medium">{duration(total)}</span>}
      />
      <CardBody>
        {total === null ? (
          <p className="text-muted text-sm">
            The call did not end, so it has no duration. It was{" "}
            {run.status === "interrupted" ? "interrupted" : "broken off"} on the way.
          </p>
        ) : (
          <>
            <div className="flex h-6 gap-px overflow-hidden rounded-sm">
              {parts.map(({ label, ms, color, hint }) => (
                <Tooltip key={label} content={`${hint} ${duration(ms)}`}>
                  <div
                    className="h-full min-w-0.5"
                    style={{ flexGrow: Math.max(ms / total, 1 / 400) * 100, background: color }}
                  />
                </Tooltip>
              ))}
            </div>
            <dl className="mt-3 flex flex-wrap gap-x-6 gap-y-2 text-sm">
              {parts.map(({ label, ms, color }) => (
                <div key={label} className="flex items-center gap-2">
                  <i aria-hidden className="size-2 rounded-[2px]" style={{ background: color }} />
                  <dt className="text-muted">{label}</dt>
                  <dd className="num font-medium">{duration(ms)}</dd>
                </div>
              ))}
              {speed !== null && (
                <div className="flex items-center gap-2">
                  <dt className="text-muted">Speed</dt>
                  <dd className="num font-medium">{count(speed)} tokens/s</dd>
                </div>
              )}
            </dl>
          </>
        )}
      </CardBody>
    </Card>
  );
}

/** The end of a call; the day only where it is another one. */
function endOf(start: string, end: string, zone: string): string {
  return day(start, zone) === day(end, zone) ? timeOfDay(end, zone, true) : clock(end, zone);
}

/** To the first byte, then the stream; one part when the first byte is not known. */
export function timingParts(run: Pick<Run, "latency_ms" | "ttft_ms" | "streaming">): Part[] {
  const { latency_ms: total, ttft_ms: first, streaming } = run;
  if (total === null) return [];
  if (first === null || first > total) {
    return [{ label: "Whole call", ms: total, color: "var(--accent)", hint: "From start to end:" }];
  }
  return [
    {
      label: "To first byte",
      ms: first,
      color: "color-mix(in oklab, var(--accent) 38%, var(--surface))",
      hint: "Sent, queued and thought about:",
    },
    {
      label: streaming ? "Stream" : "Rest of the answer",
      ms: total - first,
      color: "var(--accent)",
      hint: "From the first byte to the last:",
    },
  ];
}

/** Output tokens per second while the answer streamed; null when that says nothing. */
export function tokensPerSecond(
  run: Pick<Run, "latency_ms" | "ttft_ms" | "streaming" | "usage">,
): number | null {
  const { latency_ms, ttft_ms, streaming, usage } = run;
  if (!streaming || latency_ms === null || ttft_ms === null || !usage.output_tokens) return null;
  const seconds = (latency_ms - ttft_ms) / 1000;
  return seconds >= 0.05 ? usage.output_tokens / seconds : null;
}
