import { act, renderHook } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { useMedia, useNow } from "@/lib/hooks";
import { readOne } from "@/lib/search";
import { stored, useStored } from "@/lib/store";

const read = (text: string | null) => readOne(text, ["light", "dark"] as const) ?? "light";

describe("a choice kept in the browser", () => {
  it("is there on the next visit", () => {
    stored("theme", read).set("dark");
    expect(stored("theme", read).get()).toBe("dark");
  });

  it("falls back when what is kept makes no sense", () => {
    localStorage.setItem("theme", "mauve");
    expect(stored("theme", read).get()).toBe("light");
  });

  it("reaches every component that uses it", () => {
    const store = stored("theme", read);
    const { result } = renderHook(() => useStored(store));
    expect(result.current).toBe("light");
    act(() => store.set("dark"));
    expect(result.current).toBe("dark");
  });

  it("lasts for the visit where storage is blocked", () => {
    const blocked = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new Error("blocked");
    });
    const store = stored("theme", read);
    store.set("dark");
    expect(store.get()).toBe("dark");
    blocked.mockRestore();
  });
});

describe("the current time", () => {
  it("moves on by itself and stops with its component", () => {
    vi.useFakeTimers({ now: 1_000 });
    const { result, unmount } = renderHook(() => useNow(500));
    expect(result.current).toBe(1_000);
    act(() => vi.advanceTimersByTime(500));
    expect(result.current).toBe(1_500);
    unmount();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe("a media query", () => {
  it("tells whether it holds", () => {
    expect(renderHook(() => useMedia("(min-width: 1px)")).result.current).toBe(true);
    expect(renderHook(() => useMedia("(max-width: 1px)")).result.current).toBe(false);
  });
});
