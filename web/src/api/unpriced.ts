import { useQuery } from "@tanstack/react-query";
import type { Unpriced } from "@/api/price-types";
import { unpricedQuery } from "@/api/prices";
import { lengthOf, type Period } from "@/lib/period";

type Priceable = Unpriced & { model: string };

/**
 * Models of a period whose calls wait for a price. Calls that no price would help (the provider
 * reported no usage, or no model) are not among them. `enabled`: there is something to ask for.
 */
export function useUnpriced(period: Period, enabled: boolean): readonly Priceable[] {
  const { data } = useQuery({ ...unpricedQuery(boundsOf(period)), enabled });
  if (!enabled || !data) return [];
  return data.items.filter((item): item is Priceable => item.model !== null && needsPrice(item));
}

/** Reasons of the pricing that lie in the counts, not in the book. */
const COUNTS = ["the provider reported no usage", "the reported usage cannot be trusted"];

/** Whether a price would help. */
export function needsPrice({ reason }: Pick<Unpriced, "reason">): boolean {
  return !COUNTS.some((beginning) => reason.startsWith(beginning));
}

/** To the minute, so that the same question is answered from memory; a rolling period has no end. */
function boundsOf(period: Period): { from: string; to?: string } {
  if ("from" in period) return period;
  const start = Math.floor((Date.now() - lengthOf(period)) / 60_000) * 60_000;
  return { from: new Date(start).toISOString() };
}
