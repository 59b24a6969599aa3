import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from "react";

/** The current time, renewed every `every` ms, for "3 min ago" and running buckets. */
export function useNow(every = 15_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** The value as it was once it had not changed for `ms`. */
export function useDebounced<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** For a row of links wider than a phone: the current one is scrolled to when it changes. */
export function useCurrentInView(current: string): RefObject<HTMLElement | null> {
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    const link = row.current?.querySelector<HTMLElement>(`[aria-current="page"]`);
    if (!row.current || !link || !current) return;
    const middle = link.offsetLeft + link.offsetWidth / 2 - row.current.offsetLeft;
    row.current.scrollLeft = middle - row.current.clientWidth / 2;
  }, [current]);
  return row;
}
