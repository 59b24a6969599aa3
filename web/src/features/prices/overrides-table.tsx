import { Pencil, Trash2 } from "lucide-react";
import type { Override } from "@/api/price-types";
import { deleteOverride, usePricesChanged } from "@/api/prices";
import { useMayChange } from "@/api/roles";
import { OverrideDialog } from "@/features/prices/override-dialog";
import { percentOf } from "@/features/prices/override-values";
import { sinceWords } from "@/features/prices/words";
import { moneyExact } from "@/lib/format";
import { providerName } from "@/lib/provider-names";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { ActionsTH, Table, TD, TH, THead, TR } from "@/ui/table";
import { notify, notifyError } from "@/ui/toast";

export function OverridesTable({ items }: { items: readonly Override[] }) {
  const allowed = useMayChange();
  return (
    <Table>
      <THead>
        <tr>
          <TH>For</TH>
          <TH>Price</TH>
          <TH className="max-sm:hidden">From</TH>
          <TH className="max-sm:hidden">Until</TH>
          <TH className="max-md:hidden">Note</TH>
          {allowed && <ActionsTH />}
        </tr>
      </THead>
      <tbody>
        {items.map((item) => (
          <TR key={item.id} className="hover:bg-hover">
            <TD className="max-w-80 max-sm:max-w-40">
              <Target item={item} />
            </TD>
            <TD className="num max-w-72 whitespace-normal">{priceWords(item)}</TD>
            <TD className="num text-muted max-sm:hidden">{sinceWords(item.from)}</TD>
            <TD className="num text-muted max-sm:hidden">
              {item.until ? sinceWords(item.until) : "open"}
            </TD>
            <TD className="max-w-48 truncate text-muted max-md:hidden" title={item.note}>
              {item.note || "–"}
            </TD>
            {allowed && (
              <TD align="right">
                <EditPrice item={item} />
                <DeletePrice item={item} />
              </TD>
            )}
          </TR>
        ))}
      </tbody>
    </Table>
  );
}

/** What a price is for, in a word: used in sentences and button names as well. */
export function targetName({ provider, model }: Pick<Override, "provider" | "model">): string {
  if (model === "*") return provider === "*" ? "All models" : `All of ${providerName(provider)}`;
  return model;
}

function Target({ item }: { item: Override }) {
  const limits = [
    item.model === "*" || item.provider === "*" ? "" : providerName(item.provider),
    item.deployment && `deployment ${item.deployment}`,
    item.project_id && `project ${item.project_id}`,
  ].filter(Boolean);
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-2">
      <span className="truncate font-medium" title={targetName(item)}>
        {targetName(item)}
      </span>
      {limits.length > 0 && <span className="text-faint text-xs">{limits.join(", ")}</span>}
      {!item.effective && <Badge>not in force</Badge>}
    </span>
  );
}

/** "15% off the list", "input $0.20, output $0.80". */
export function priceWords({ rates, factor }: Pick<Override, "rates" | "factor">): string {
  if (factor) {
    const percent = percentOf(factor);
    return percent.startsWith("-")
      ? `${percent.slice(1)}% on top of the list`
      : `${percent}% off the list`;
  }
  return Object.entries(rates ?? {})
    .map(([unit, rate]) => `${unit.replaceAll("_", " ")} ${moneyExact(rate)}`)
    .join(", ");
}

function EditPrice({ item }: { item: Override }) {
  return (
    <OverrideDialog
      provider={item.provider}
      model={item.model}
      editing={item}
      trigger={
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={`Change the price of ${targetName(item)}`}
        >
          <Pencil aria-hidden />
        </Button>
      }
    />
  );
}

function DeletePrice({ item }: { item: Override }) {
  const changed = usePricesChanged();
  const remove = async () => {
    try {
      await deleteOverride(item.id);
    } catch (error) {
      notifyError(error, "The price was not deleted");
      throw error;
    }
    notify(`Your price of ${targetName(item)} was deleted`);
    await changed();
  };
  return (
    <ConfirmDialog
      trigger={
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={`Delete the price of ${targetName(item)}`}
        >
          <Trash2 aria-hidden />
        </Button>
      }
      title={`Delete your price of ${targetName(item)}?`}
      description="New calls are priced by what comes next: a wider price of yours, or the list. Past calls keep their cost until they are priced again."
      action="Delete price"
      onConfirm={remove}
    />
  );
}
