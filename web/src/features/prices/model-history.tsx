import type { BookPeriod, ModelPrices } from "@/api/price-types";
import { RatesGrid } from "@/features/prices/rates-grid";
import { Section } from "@/features/prices/section";
import { scheduleWords, sinceWords } from "@/features/prices/words";
import { Badge } from "@/ui/badge";

/** The prices of a model from the newest to the oldest; nothing is ever overwritten. */
export function ModelHistory({ data }: { data: ModelPrices }) {
  const now = new Date();
  const current = new Set(inForce(data.periods, now));
  const rows = [...data.periods].reverse().map((period, index) => ({
    key: `${period.from}-${period.schedule}-${index}`,
    cells: [
      <span key="from" className="num flex items-center gap-2">
        {sinceWords(period.from)}
        {current.has(period) && <Badge tone="accent">now</Badge>}
        {begins(period) > now && <Badge>announced</Badge>}
      </span>,
      <span key="until" className="num">
        {period.until ? sinceWords(period.until) : "open"}
      </span>,
      ...(scheduled(data) ? [<When key="when" schedule={period.schedule} />] : []),
    ],
    rates: period.rates,
    source: period.source,
    current: current.has(period),
  }));
  return (
    <Section
      title="History"
      description="A call is priced by what was in force when it started, in UTC."
    >
      <RatesGrid
        caption={`History of the price of ${data.model}`}
        heads={["From", "Until", ...(scheduled(data) ? ["When"] : [])]}
        rows={rows}
        wide={["Until"]}
        changing
      />
    </Section>
  );
}

function When({ schedule }: { schedule: string | null }) {
  return (
    <span className="block min-w-40 whitespace-normal">
      {schedule ? scheduleWords(schedule) : "at all times"}
    </span>
  );
}

function scheduled({ periods }: ModelPrices): boolean {
  return periods.some(({ schedule }) => schedule);
}

/** The periods that hold at an instant: the last one begun, and those limited to some hours. */
export function inForce(periods: readonly BookPeriod[], at: Date): BookPeriod[] {
  const holding = periods.filter(
    (period) => begins(period) <= at && (!period.until || new Date(period.until) > at),
  );
  const always = holding.filter(({ schedule }) => !schedule).at(-1);
  return holding.filter((period) => period.schedule || period === always);
}

function begins({ from }: BookPeriod): Date {
  return new Date(from ?? 0);
}
