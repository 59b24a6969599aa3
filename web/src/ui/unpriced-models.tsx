import { count } from "@/lib/format";
import { askForPrice } from "@/lib/price-request";
import { Button } from "@/ui/button";

type UnpricedModel = { provider: string; model: string; calls: number; first_seen: string };

type Props = {
  items: readonly UnpricedModel[];
  /** Whether whoever looks may set a price. */
  allowed: boolean;
};

const SHOWN = 4;

/** Models without a price, each with a way to give it one. */
export function UnpricedModels({ items, allowed }: Props) {
  const more = items.length - SHOWN;
  return (
    <ul className="mt-1.5 flex flex-wrap items-center gap-x-4 gap-y-1.5">
      {items.slice(0, SHOWN).map((item) => (
        <li
          key={`${item.provider}/${item.model}`}
          className="flex min-w-0 max-w-full items-center gap-2"
        >
          <span className="min-w-0 truncate font-medium" title={item.model}>
            {item.model}
          </span>
          <span className="num shrink-0 text-muted">
            {count(item.calls)} {item.calls === 1 ? "call" : "calls"}
          </span>
          {allowed && (
            <Button
              size="sm"
              aria-label={`Set a price for ${item.model}`}
              onClick={() => setPrice(item)}
            >
              Set a price
            </Button>
          )}
        </li>
      ))}
      {more > 0 && <li className="text-muted">and {more} more</li>}
    </ul>
  );
}

function setPrice({ provider, model, first_seen }: UnpricedModel): void {
  askForPrice({ provider, model, since: first_seen });
}
