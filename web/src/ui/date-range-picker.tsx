import { CalendarDays, Check, ChevronDown } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { DateRange } from "react-day-picker";
import { cn } from "@/lib/cn";
import {
  labelOf,
  type Period,
  PRESET_LABELS,
  PRESETS,
  type Preset,
  spanOfDays,
} from "@/lib/period";
import { Button } from "@/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/ui/popover";
import { Skeleton } from "@/ui/skeleton";

const Calendar = lazy(() => import("@/ui/calendar").then((file) => ({ default: file.Calendar })));

type Props = { value: Period; onChange: (period: Period) => void; zone: string };

/** Presets in one click, any span of days in three. */
export function DateRangePicker({ value, onChange, zone }: Props) {
  const [open, setOpen] = useState(false);
  const choose = (period: Period) => {
    onChange(period);
    setOpen(false);
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button aria-label={`Date range: ${labelOf(value, zone)}`}>
          <CalendarDays className="text-faint" aria-hidden />
          {labelOf(value, zone)}
          <ChevronDown className="text-faint" aria-hidden />
        </Button>
      </PopoverTrigger>
      <PopoverContent
        align="end"
        className="flex flex-col max-sm:w-[min(340px,calc(100vw-16px))] sm:flex-row"
      >
        <PresetList value={"last" in value ? value.last : null} onChoose={choose} />
        <DayRange onChoose={choose} zone={zone} value={value} />
      </PopoverContent>
    </Popover>
  );
}

function PresetList(props: { value: Preset | null; onChoose: (period: Period) => void }) {
  return (
    <div className="grid grid-cols-2 gap-1 border-b p-2 sm:flex sm:w-40 sm:flex-col sm:border-r sm:border-b-0">
      {PRESETS.map((preset) => (
        <button
          key={preset}
          type="button"
          aria-pressed={props.value === preset}
          onClick={() => props.onChoose({ last: preset })}
          className={cn(
            "flex items-center justify-between gap-2 rounded-md px-2 py-1.5 text-left text-sm hover:bg-hover",
            props.value === preset && "font-medium",
          )}
        >
          {PRESET_LABELS[preset]}
          {props.value === preset && <Check className="size-4 text-accent-text" aria-hidden />}
        </button>
      ))}
    </div>
  );
}

type DayRangeProps = { value: Period; onChoose: (period: Period) => void; zone: string };

function DayRange({ value, onChoose, zone }: DayRangeProps) {
  const [range, setRange] = useState<DateRange | undefined>(() => initialRange(value));
  const ready = range?.from !== undefined;
  const months = window.innerWidth >= 720 ? 2 : 1;
  const apply = () => {
    if (range?.from) onChoose(spanOfDays(range.from, range.to ?? range.from, zone));
  };
  return (
    <div className="flex flex-col p-3">
      <Suspense fallback={<Skeleton className="h-76 w-64 sm:w-132" />}>
        <Calendar
          value={range}
          onChange={setRange}
          months={months}
          until={new Date()}
          timeZone={zone}
        />
      </Suspense>
      <div className="mt-3 flex items-center justify-between gap-3 border-t pt-3">
        <span className="text-faint text-xs">Days in {zone}</span>
        <Button variant="primary" size="sm" disabled={!ready} onClick={apply}>
          Apply
        </Button>
      </div>
    </div>
  );
}

function initialRange(value: Period): DateRange | undefined {
  if ("last" in value) return undefined;
  return { from: new Date(value.from), to: new Date(new Date(value.to).getTime() - 1) };
}
