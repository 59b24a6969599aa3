import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { BookModel, BookRate } from "@/api/price-types";
import { rateFor, rateWords, sinceWords, sourceWords, stepWords } from "@/features/prices/words";
import { cn } from "@/lib/cn";
import { moneyExact } from "@/lib/format";
import { useMedia } from "@/lib/hooks";
import { providerName } from "@/lib/provider-names";
import { moveFocus } from "@/lib/row-focus";
import { Badge } from "@/ui/badge";
import { SkeletonRows } from "@/ui/skeleton";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { Tooltip } from "@/ui/tooltip";

const route = getRouteApi("/session/shell/settings/pricing");
const SKELETON = ["w-48", "w-12", "w-12", "w-12", "w-12", "w-24", "w-16"] as const;
const WRITES = ["cache_write_5m", "cache_write", "cache_write_30m"];

type Props = {
  /** Undefined while the first page loads. */
  items: readonly BookModel[] | undefined;
  stale: boolean;
};

export function BookTable({ items, stale }: Props) {
  const phone = useMedia("(max-width: 639px)");
  const narrow = useMedia("(max-width: 767px)");
  const columns = phone ? 2 : narrow ? 3 : 4;
  return (
    <Table className={cn(stale && "opacity-60")} aria-busy={!items}>
      <caption className="sr-only">Models and their rates in US dollars per million tokens</caption>
      <THead>
        <tr>
          <TH>Model</TH>
          <TH align="right">Input</TH>
          <TH align="right" className="max-sm:hidden">
            Cached input
          </TH>
          <TH align="right" className="max-md:hidden">
            Cache write
          </TH>
          <TH align="right">Output</TH>
          <TH className="max-lg:hidden">Source</TH>
          <TH className="max-md:hidden">Since</TH>
        </tr>
      </THead>
      <tbody onKeyDown={moveFocus}>
        {!items && <SkeletonRows rows={14} columns={SKELETON} />}
        {items?.map((item) => (
          <ModelRow key={`${item.provider}/${item.model}`} item={item} columns={columns} />
        ))}
      </tbody>
    </Table>
  );
}

type RowProps = { item: BookModel /** Cells for rates that this width has. */; columns: number };

function ModelRow({ item, columns }: RowProps) {
  const navigate = useNavigate();
  const { q, provider } = route.useSearch();
  const to = {
    to: "/settings/pricing",
    search: { q, provider, model: `${item.provider}/${item.model}` },
  } as const;
  return (
    <TR className="cursor-pointer hover:bg-hover" onClick={() => void navigate(to)}>
      <TD className="max-w-80 max-sm:max-w-40">
        <span className="flex min-w-0 items-center gap-2 max-sm:flex-col max-sm:items-start max-sm:gap-0">
          <Link
            {...to}
            data-row-link
            title={item.model}
            onClick={(event) => event.stopPropagation()}
            className="max-w-full truncate rounded-sm font-medium"
          >
            {item.model}
          </Link>
          <span className="shrink-0 text-faint text-xs">{providerName(item.provider)}</span>
          {item.overridden && <Badge tone="accent">your price</Badge>}
        </span>
      </TD>
      <Rates item={item} columns={columns} />
      <TD className="max-w-48 truncate text-muted max-lg:hidden" title={item.source}>
        {sourceWords(item.source)}
      </TD>
      <TD className="num text-muted max-md:hidden">{sinceWords(item.since)}</TD>
    </TR>
  );
}

/** A cell for each kind of token; models billed by something else say so across all of them. */
function Rates({ item: { rates }, columns }: RowProps) {
  const input = rateFor(rates, "input");
  const output = rateFor(rates, "output");
  if (!input && !output) {
    const words = rates.slice(0, 2).map(rateWords);
    const rest = rates.length - words.length;
    return (
      <TD align="right" colSpan={columns} className="num max-w-72 truncate max-sm:max-w-36">
        {words.length > 0 ? words.join(" · ") : "–"}
        {rest > 0 && <span className="text-faint"> and {rest} more</span>}
      </TD>
    );
  }
  return (
    <>
      <RateCell rate={input} />
      <RateCell rate={rateFor(rates, "cache_read")} className="max-sm:hidden" />
      <RateCell rate={rateFor(rates, ...WRITES)} className="max-md:hidden" />
      <RateCell rate={output} />
    </>
  );
}

function RateCell({ rate, className }: { rate: BookRate | undefined; className?: string }) {
  if (!rate) {
    return (
      <TD numeric className={cn("text-faint", className)}>
        –
      </TD>
    );
  }
  return (
    <TD numeric className={className}>
      {rate.above.length > 0 && (
        <Tooltip content={rate.above.map(stepWords).join(", ")}>
          <span className="mr-1.5 text-faint text-xs max-sm:hidden">tiered</span>
        </Tooltip>
      )}
      {moneyExact(rate.rate_usd)}
    </TD>
  );
}
