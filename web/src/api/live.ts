/**
 * Runs as they happen, over server-sent events. Read with fetch instead of EventSource because the
 * workspace travels in a header. Reconnects with backoff; sleeps while the page is hidden.
 */

import { useEffect, useRef, useState } from "react";
import { open } from "@/api/client";
import type { Run } from "@/api/contract";
import { currentWorkspace } from "@/api/workspace";
import { useStored } from "@/lib/store";

export type LiveState = "connecting" | "live" | "paused" | "offline";
export type Message = { event: string; data: string };

/** Splits a stream of text into server-sent messages; comments (heartbeats) yield nothing. */
export class MessageParser {
  #rest = "";

  push(chunk: string): Message[] {
    this.#rest += chunk.replaceAll("\r\n", "\n");
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((message): message is Message => message !== null);
  }
}

function parseBlock(block: string): Message | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length > 0 ? { event, data: data.join("\n") } : null;
}

const FLUSH_MS = 200;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/**
 * Calls `onRuns` with the runs that arrived, at most five times a second however many there are.
 * `onGap` is called when runs may have been missed (after a reconnection): fetch anew.
 */
export function useLiveRuns(onRuns: (runs: Run[]) => void, onGap?: () => void): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const workspace = useStored(currentWorkspace);
  const handlers = useRef({ onRuns, onGap });
  handlers.current = { onRuns, onGap };
  // biome-ignore lint/correctness/useExhaustiveDependencies: another workspace is another stream
  useEffect(() => {
    const feed = new LiveFeed(
      (runs) => handlers.current.onRuns(runs),
      () => handlers.current.onGap?.(),
      setState,
    );
    feed.start();
    return () => feed.stop();
  }, [workspace]);
  return state;
}

class LiveFeed {
  #abort: AbortController | null = null;
  #waiting: Run[] = [];
  #flush: ReturnType<typeof setTimeout> | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #pause = FIRST_RETRY_MS;
  #connectedBefore = false;

  constructor(
    private readonly onRuns: (runs: Run[]) => void,
    private readonly onGap: () => void,
    private readonly onState: (state: LiveState) => void,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#onVisibility();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#disconnect();
  }

  readonly #onVisibility = (): void => {
    this.#disconnect();
    if (document.visibilityState === "visible") void this.#connect();
    else this.onState("paused");
  };

  #disconnect(): void {
    this.#abort?.abort();
    this.#abort = null;
    if (this.#flush) clearTimeout(this.#flush);
    if (this.#retry) clearTimeout(this.#retry);
    this.#flush = null;
    this.#waiting = [];
  }

  async #connect(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.onState("connecting");
    try {
      const response = await open("/live", abort.signal);
      if (!response.body) throw new TypeError("the live stream has no body");
      this.onState("live");
      this.#pause = FIRST_RETRY_MS;
      if (this.#connectedBefore) this.onGap();
      this.#connectedBefore = true;
      await this.#read(response.body);
    } catch {
      // Whatever broke the stream, the cure is the same: try again later.
    }
    if (abort.signal.aborted) return;
    this.onState("offline");
    this.#retry = setTimeout(() => void this.#connect(), this.#pause);
    this.#pause = Math.min(LAST_RETRY_MS, this.#pause * 2);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new MessageParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const message of parser.push(decoder.decode(value, { stream: true }))) {
        if (message.event === "run") this.#waiting.push(JSON.parse(message.data) as Run);
      }
      if (this.#waiting.length > 0) this.#flush ??= setTimeout(() => this.#deliver(), FLUSH_MS);
    }
  }

  #deliver(): void {
    this.#flush = null;
    const runs = this.#waiting;
    this.#waiting = [];
    this.onRuns(runs);
  }
}
