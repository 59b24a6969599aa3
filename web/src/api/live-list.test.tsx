import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "@/api/contract";
import { mergeRuns, useLiveList } from "@/api/live-list";

const run = (id: string, started_at = "2026-11-20T12:00:00Z") => ({ id, started_at }) as Run;

describe("two lists of runs", () => {
  it("become one, newest first, whatever the form of the times", () => {
    const merged = mergeRuns(
      [run("b", "2026-11-20T12:00:00.500000Z")],
      [run("a", "2026-11-20T12:00:00Z"), run("c", "2026-11-20T12:00:01Z")],
    );
    expect(merged.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });

  it("hold a run once, in the newer form", () => {
    const merged = mergeRuns([{ ...run("a"), attempts: 2 }], [{ ...run("a"), attempts: 1 }]);
    expect(merged.map(({ attempts }) => attempts)).toEqual([2]);
  });
});

/** Connections made so far; each can be written to and broken. */
let streams: ReadableStreamDefaultController<Uint8Array>[] = [];
const send = (value: Run) => {
  const text = `event: run\ndata: ${JSON.stringify(value)}\n\n`;
  streams.at(-1)?.enqueue(new TextEncoder().encode(text));
};
const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

function setUp() {
  const client = new QueryClient();
  const asked = vi.spyOn(client, "invalidateQueries");
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return { asked, ...renderHook(() => useLiveList(), { wrapper }) };
}

describe("the live list", () => {
  beforeEach(() => {
    streams = [];
    vi.useFakeTimers();
    vi.stubGlobal("fetch", async (_url: string, { signal }: RequestInit) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          streams.push(controller);
          signal?.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      return new Response(body);
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("takes in runs in batches and says that it is live", async () => {
    const { result } = setUp();
    await wait(0);
    expect(result.current.state).toBe("live");
    send(run("a"));
    send(run("b", "2026-11-20T12:00:05Z"));
    await wait(250);
    expect(result.current.arrived.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(result.current.fresh.has("a")).toBe(true);
  });

  it("asks for the sums anew at once, then at most every two seconds", async () => {
    const { asked } = setUp();
    await wait(0);
    for (let index = 0; index < 8; index++) {
      send(run(`r${index}`));
      await wait(250);
    }
    expect(asked).toHaveBeenCalledTimes(1);
    await wait(2_000);
    expect(asked).toHaveBeenCalledTimes(2);
    await wait(10_000);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("opens a broken stream again and fetches what it may have missed", async () => {
    const { asked, result } = setUp();
    await wait(0);
    streams[0]?.close();
    await wait(10);
    expect(result.current.state).toBe("offline");
    expect(asked).not.toHaveBeenCalled();
    await wait(1_000);
    expect(result.current.state).toBe("live");
    expect(streams.length).toBe(2);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("sleeps while the page is hidden and wakes with it", async () => {
    const { result } = setUp();
    await wait(0);
    const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    act(() => void document.dispatchEvent(new Event("visibilitychange")));
    await wait(60_000);
    expect(result.current.state).toBe("paused");
    expect(streams.length).toBe(1);
    visibility.mockRestore();
    act(() => void document.dispatchEvent(new Event("visibilitychange")));
    await wait(0);
    expect(result.current.state).toBe("live");
    expect(streams.length).toBe(2);
  });

  it("hangs up when its page is left", async () => {
    const { unmount } = setUp();
    await wait(0);
    unmount();
    await wait(60_000);
    expect(streams.length).toBe(1);
    expect(() => send(run("late"))).toThrow();
  });
});
