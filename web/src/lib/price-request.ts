/** "Set a price" can be pressed on any page; the dialog itself belongs to the frame of all pages. */

import { useSyncExternalStore } from "react";

export type PriceRequest = {
  provider: string;
  model: string;
  /** RFC 3339: since when calls wait for this price; they are offered to be priced again. */
  since?: string;
};

let current: PriceRequest | null = null;
const listeners = new Set<() => void>();

function change(next: PriceRequest | null): void {
  current = next;
  for (const listener of listeners) listener();
}

export function askForPrice(request: PriceRequest): void {
  change(request);
}

export function endPriceRequest(): void {
  change(null);
}

export function usePriceRequest(): PriceRequest | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
