import { ChevronLeft, ChevronRight } from "lucide-react";
import { type DateRange, DayPicker } from "react-day-picker";

type Props = {
  value: DateRange | undefined;
  onChange: (range: DateRange | undefined) => void;
  months: number;
  /** The last day that can be picked. */
  until: Date;
  timeZone: string;
};

const classNames = {
  months: "relative flex flex-col gap-6 sm:flex-row",
  month: "flex flex-col gap-3",
  month_caption: "flex h-7 items-center justify-center font-medium text-sm",
  nav: "absolute inset-x-0 top-0 z-10 flex h-7 items-center justify-between",
  button_previous: "inline-flex size-7 items-center justify-center rounded-md hover:bg-hover",
  button_next: "inline-flex size-7 items-center justify-center rounded-md hover:bg-hover",
  weekday: "size-9 font-normal text-faint text-xs",
  day: "p-0 text-center",
  day_button:
    "num size-9 rounded-md text-sm hover:bg-hover disabled:pointer-events-none disabled:opacity-35",
  today: "font-semibold text-accent-text",
  outside: "opacity-35",
  range_start: "rounded-l-md bg-accent-soft [&>button]:!bg-accent [&>button]:!text-accent-ink",
  range_end: "rounded-r-md bg-accent-soft [&>button]:!bg-accent [&>button]:!text-accent-ink",
  range_middle: "bg-accent-soft",
};

/** Pick a first and a last day. Loaded on demand: most visits never open it. */
export function Calendar({ value, onChange, months, until, timeZone }: Props) {
  return (
    <DayPicker
      mode="range"
      weekStartsOn={1}
      numberOfMonths={months}
      defaultMonth={new Date(until.getFullYear(), until.getMonth() - (months - 1))}
      selected={value}
      onSelect={onChange}
      disabled={{ after: until }}
      endMonth={until}
      timeZone={timeZone}
      classNames={classNames}
      components={{ Chevron }}
    />
  );
}

function Chevron({ orientation }: { orientation?: "left" | "right" | "up" | "down" }) {
  const Icon = orientation === "left" ? ChevronLeft : ChevronRight;
  return <Icon className="size-4" aria-hidden />;
}
