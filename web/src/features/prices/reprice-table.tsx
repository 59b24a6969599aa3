import type { Reprice, RepriceTotals } from "@/api/price-types";
import { colorOf } from "@/charts/palette";
import { compare, decimal, minus, textOf } from "@/lib/decimal";
import { countExact, money } from "@/lib/format";
import { useMedia } from "@/lib/hooks";
import { providerName } from "@/lib/provider-names";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { Table, TD, TH, THead, TR } from "@/ui/table";

const NO_PRICE = "None of these calls has a price.";

/** Model by model: how many calls change, and what they cost together before and after. */
export function RepriceTable({ result }: { result: Reprice }) {
  const { totals } = result;
  const gained = totals.priced_after - totals.priced_before;
  const phone = useMedia("(max-width: 640px)");
  const rows = result.rows.filter(({ changed }) => changed > 0);
  return (
    <div className="max-h-[50dvh] overflow-y-auto rounded-md border">
      <Table scrolls="What re-pricing changes">
        <caption className="sr-only">What re-pricing changes</caption>
        <THead>
          <tr>
            <TH>Model</TH>
            <TH align="right" className="max-sm:hidden">
              Calls changed
            </TH>
            <TH align="right">Before</TH>
            <TH align="right">After</TH>
            <TH align="right" className="max-sm:hidden">
              Difference
            </TH>
          </tr>
        </THead>
        <tbody>
          {rows.map((row) => (
            <TR key={`${row.provider}/${row.model}`}>
              <TD className="max-w-56 max-sm:max-w-32">
                <ModelName
                  model={row.model}
                  provider={phone ? null : providerName(row.provider)}
                  color={colorOf(row.provider, row.model)}
                />
              </TD>
              <Numbers row={row} />
            </TR>
          ))}
          <TR className="font-semibold">
            <TD>Together</TD>
            <Numbers row={totals} />
          </TR>
        </tbody>
      </Table>
      {gained > 0 && (
        <p className="num border-t px-4 py-2 text-muted text-sm">
          {calls(gained)} that had no price {gained === 1 ? "gets" : "get"} one.
        </p>
      )}
      {gained < 0 && (
        <p className="num border-t px-4 py-2 text-sm text-warning">
          {calls(-gained)} {gained === -1 ? "loses its" : "lose their"} price: the book has none any
          more.
        </p>
      )}
    </div>
  );
}

function calls(number: number): string {
  return `${countExact(number)} ${number === 1 ? "call" : "calls"}`;
}

function Numbers({ row }: { row: RepriceTotals }) {
  return (
    <>
      <TD numeric className="max-sm:hidden">
        {countExact(row.changed)}
        <span className="text-faint"> of {countExact(row.events)}</span>
      </TD>
      <TD numeric>
        <Money value={row.priced_before === 0 ? null : row.old_usd} reason={NO_PRICE} />
      </TD>
      <TD numeric>
        <Money value={row.priced_after === 0 ? null : row.new_usd} reason={NO_PRICE} />
      </TD>
      <TD numeric className="text-muted max-sm:hidden">
        {differenceOf(row)}
      </TD>
    </>
  );
}

/** "+$0.0125", "−$3.00". */
export function differenceOf({ old_usd, new_usd }: RepriceTotals): string {
  const [before, after] = [decimal(old_usd), decimal(new_usd)];
  if (!before || !after) return "–";
  const text = money(textOf(minus(after, before)));
  return compare(after, before) > 0 ? `+${text}` : text;
}
