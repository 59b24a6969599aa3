import { useQuery } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import type { UseFormReturn } from "react-hook-form";
import type { BookModel, OverrideIn, Preview } from "@/api/price-types";
import { bookQuery, previewQuery } from "@/api/prices";
import { useBookModels } from "@/features/prices/override-target";
import { problemsOf, toOverride, type Values } from "@/features/prices/override-values";
import { moneyExact } from "@/lib/format";
import { useDebounced } from "@/lib/hooks";
import { quantityOf } from "@/lib/line-items";

const EXAMPLE_TOKENS = 1000;
const STANDARD = [{ unit: "input" }, { unit: "output" }];
const NOTHING = { provider: "", model: "", usage: {} };

/** What an example call costs now, and what it would cost under the price that is being written. */
export function OverridePreview({ form }: { form: UseFormReturn<Values> }) {
  const values = useDebounced(JSON.stringify(form.watch()), 300);
  const written = JSON.parse(values) as Values;
  const example = useExample(written);
  const body = example ?? NOTHING;
  const override = problemsOf(written).length > 0 ? null : toOverride(written);
  const now = useQuery({ ...previewQuery(body), enabled: example !== null });
  const then = useQuery({
    ...previewQuery({ ...body, override: override as OverrideIn }),
    enabled: example !== null && override !== null,
  });
  if (!example) return null;
  const units = Object.entries(example.usage).map(([unit, quantity]) => ({ unit, quantity }));
  return (
    <section aria-label="Example" className="rounded-md bg-sunken px-3 py-2.5 text-sm">
      <p className="text-muted">
        Example: a call of <span className="id text-ink">{example.model}</span> with{" "}
        {units.map(quantityOf).join(", ")}
      </p>
      <p className="num mt-1 flex flex-wrap items-center gap-2">
        <Amount preview={now.data} label="now" />
        <ArrowRight className="size-3.5 text-faint" aria-hidden />
        {override ? (
          <Amount preview={then.data} label="with this price" strong />
        ) : (
          <span className="text-faint">fill in the price to see what changes</span>
        )}
      </p>
    </section>
  );
}

type AmountProps = { preview: Preview | undefined; label: string; strong?: boolean };

function Amount({ preview, label, strong }: AmountProps) {
  const unpriced = preview?.status === "unpriced";
  return (
    <span title={preview?.reason || undefined}>
      <span className={unpriced ? "text-warning" : strong ? "font-semibold" : "font-medium"}>
        {!preview ? "…" : unpriced ? "unpriced" : moneyExact(preview.cost_usd)}
      </span>{" "}
      <span className="text-muted">{label}</span>
    </span>
  );
}

type Example = { provider: string; model: string; usage: Record<string, number> };

/** A call that the price is for: of the named model, or the first that a pattern stands for. */
function useExample(values: Values): Example | null {
  const { data: book } = useQuery(bookQuery());
  const suggestions = useBookModels(values.provider, values.model);
  const model = values.model.trim();
  const listed = suggestions.find((each) => suits(each, values));
  const provider = values.provider.trim() === "*" ? listed?.provider : values.provider.trim();
  const name = model.endsWith("*") ? listed?.model : model;
  if (!book || !provider || !name) return null;
  const isToken = (unit: string) => book.units.find((each) => each.unit === unit)?.token ?? false;
  const written = values.kind === "rates" ? values.rates : (listed?.rates ?? STANDARD);
  const units = written.map(({ unit }) => unit);
  const tokens = units.filter(isToken);
  // Under a percentage the tokens say enough; a single search would outweigh them.
  const named = values.kind === "factor" && tokens.length > 0 ? tokens : units;
  const usage = Object.fromEntries(named.map((unit) => [unit, isToken(unit) ? EXAMPLE_TOKENS : 1]));
  return { provider, model: name, usage };
}

function suits(listed: BookModel, { provider, model }: Values): boolean {
  const wanted = model.trim();
  const right = provider.trim() === "*" || listed.provider === provider.trim();
  if (!wanted.endsWith("*")) return right && listed.model === wanted;
  return right && listed.model.startsWith(wanted.slice(0, -1));
}
