import type { BookUplift, ModelPrices } from "@/api/price-types";
import { RatesGrid } from "@/features/prices/rates-grid";
import { Section } from "@/features/prices/section";
import { conditionWords, sinceWords } from "@/features/prices/words";
import { decimal, minus, textOf, times, whole } from "@/lib/decimal";
import { ExternalLink } from "@/ui/external-link";

/** Rates for calls made in another way, and factors on all rates. */
export function ModelWays({ data: { model, variants, uplifts } }: { data: ModelPrices }) {
  // A way without rates of its own only says that the list price holds.
  const told = variants
    .filter(({ rates }) => rates.length > 0)
    .sort((a, b) => compareTexts(wayOf(a), wayOf(b)) || compareTexts(b.from ?? "", a.from ?? ""));
  const rows = told.map((variant, index) => ({
    key: String(index),
    cells: [
      <span
        key="way"
        className="block whitespace-normal font-medium text-ink first-letter:uppercase"
      >
        {conditionWords(variant.when)}
      </span>,
      <span key="from" className="num">
        {spanWords(variant)}
      </span>,
    ],
    rates: variant.rates,
    source: variant.source,
  }));
  return (
    <>
      {rows.length > 0 && (
        <Section
          title="Other ways of calling"
          description="Units without a rate of their own keep the list price."
        >
          <RatesGrid
            caption={`Rates of ${model} in other ways of calling`}
            heads={["Way", "Since"]}
            rows={rows}
          />
        </Section>
      )}
      {uplifts.length > 0 && (
        <Section title="Surcharges and discounts" description="On every rate for tokens.">
          <ul className="border-t">
            {uplifts.map((uplift) => (
              <li
                key={`${uplift.name}-${uplift.from}`}
                className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-2 text-sm last:border-b-0"
              >
                <span className="num font-medium">{factorWords(uplift)}</span>
                <span className="min-w-0 flex-1 basis-64">
                  <span className="first-letter:uppercase">{uplift.name}</span>
                  <span className="text-muted" title={conditionTitle(uplift)}>
                    : {conditionWords(uplift.when, " or ")}
                  </span>
                </span>
                <span className="num text-muted">{spanWords(uplift)}</span>
                <ExternalLink href={uplift.source} className="max-w-56" />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

/** Every value, where the words name only the first. */
function conditionTitle({ when }: BookUplift): string {
  return Object.entries(when)
    .map(([key, value]) => `${key}: ${[value].flat().join(", ")}`)
    .join("\n");
}

function wayOf({ when }: ModelPrices["variants"][number]): string {
  return conditionWords(when);
}

/** By way of calling, then the newest first: instants of one form sort as texts. */
function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function spanWords({ from, until }: { from: string | null; until: string | null }): string {
  return until ? `${sinceWords(from)} – ${sinceWords(until)}` : sinceWords(from);
}

/** "+10%", "−15%". */
export function factorWords({ factor }: Pick<BookUplift, "factor">): string {
  const value = decimal(factor);
  if (!value) return `× ${factor}`;
  const change = times(minus(value, whole(1)), whole(100));
  const text = textOf(change);
  return text.startsWith("-") ? `−${text.slice(1)}%` : `+${text}%`;
}
