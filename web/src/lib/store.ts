import { useSyncExternalStore } from "react";

/** A choice kept in this browser. Storage may be blocked: the choice then lasts for the visit. */
export type Stored<T extends string> = {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
};

export function stored<T extends string>(key: string, read: (text: string | null) => T): Stored<T> {
  const listeners = new Set<() => void>();
  let value = read(load(key));
  return {
    get: () => value,
    set: (next) => {
      value = next;
      save(key, next);
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStored<T extends string>(store: Stored<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

function load(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function save(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Kept in memory only.
  }
}
