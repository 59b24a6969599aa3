import type { ReactNode } from "react";
import type { BookRate } from "@/api/price-types";
import { inOrder, isCore, rateFor, stepWords, unitHead } from "@/features/prices/words";
import { cn } from "@/lib/cn";
import { moneyExact } from "@/lib/format";
import { ExternalLink } from "@/ui/external-link";
import { Table, TD, TH, THead, TR } from "@/ui/table";

export type GridRow = {
  key: string;
  /** The cells before the rates, one for each of `heads`. */
  cells: ReactNode[];
  rates: readonly BookRate[];
  source: string;
  /** It holds now: set off from the past and the future. */
  current?: boolean;
};

type Props = {
  caption: string;
  heads: readonly string[];
  /** Heads of the columns that a phone has no room for. */
  wide?: readonly string[];
  rows: readonly GridRow[];
  /** Leaves out what is beside the tokens and the same in every row. */
  changing?: boolean;
};

/** Rows of rates under one set of columns: every unit that any of the rows names. */
export function RatesGrid({ caption, heads, wide = [], rows, changing }: Props) {
  const all = unitsOf(rows);
  const told = changing ? all.filter((each) => isTold(each, rows)) : all;
  const columns = told.length > 0 ? told : all;
  return (
    <Table scrolls={caption}>
      <caption className="sr-only">{caption}</caption>
      <THead>
        <tr>
          {heads.map((head) => (
            <TH key={head} className={cn(wide.includes(head) && "max-sm:hidden")}>
              {head}
            </TH>
          ))}
          {columns.map((column) => (
            <TH key={column.unit} align="right" title={column.name}>
              {unitHead(column)}
            </TH>
          ))}
          <TH>Source</TH>
        </tr>
      </THead>
      <tbody>
        {rows.map((row) => (
          <TR key={row.key} className={cn(row.current ? "bg-accent-soft" : "text-muted")}>
            {row.cells.map((cell, index) => (
              <TD
                key={heads[index]}
                className={cn(
                  "max-w-72",
                  wide.includes(heads[index] ?? "") && "max-sm:hidden",
                  row.current && "font-medium text-ink",
                )}
              >
                {cell}
              </TD>
            ))}
            {columns.map(({ unit }) => (
              <RateCell key={unit} rate={rateFor(row.rates, unit)} source={row.source} />
            ))}
            <TD className="max-w-44">
              <ExternalLink href={row.source} />
            </TD>
          </TR>
        ))}
      </tbody>
    </Table>
  );
}

function RateCell({ rate, source }: { rate: BookRate | undefined; source: string }) {
  if (!rate) {
    return (
      <TD numeric className="text-faint">
        –
      </TD>
    );
  }
  const other = rate.source !== source;
  return (
    <TD numeric title={other ? `Source: ${rate.source}` : undefined}>
      {moneyExact(rate.rate_usd)}
      {rate.above.map((step) => (
        <span key={step.tokens} className="block text-muted text-xs">
          {stepWords(step)}
        </span>
      ))}
    </TD>
  );
}

function isTold({ unit }: BookRate, rows: readonly GridRow[]): boolean {
  const rates = rows.map((row) => rateFor(row.rates, unit));
  const different = new Set(rates.map((rate) => JSON.stringify([rate?.rate_usd, rate?.above])));
  return isCore(unit) || different.size > 1;
}

/** The units of all rows: those of a bill first, then the others as they are named. */
function unitsOf(rows: readonly GridRow[]): BookRate[] {
  const found = new Map<string, BookRate>();
  for (const { rates } of rows) {
    for (const rate of rates) if (!found.has(rate.unit)) found.set(rate.unit, rate);
  }
  return inOrder([...found.values()]);
}
