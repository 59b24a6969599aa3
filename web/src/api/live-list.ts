import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Run } from "@/api/contract";
import { type LiveState, useLiveRuns } from "@/api/live";
import { currentWorkspace } from "@/api/workspace";

export type LiveList = {
  /** Runs that came in while the page was open, newest first. */
  arrived: readonly Run[];
  /** Their ids, so that each can fade in once. */
  fresh: ReadonlySet<string>;
  state: LiveState;
};

const KEEP = 200;
const REFRESH_MS = 2_000;

/**
 * Runs as they happen. Sums elsewhere on the page are asked for anew, at most every two seconds.
 * `accepts` leaves out runs that the page does not show.
 */
export function useLiveList(accepts: (run: Run) => boolean = () => true): LiveList {
  const client = useQueryClient();
  const [arrived, setArrived] = useState<readonly Run[]>([]);
  const refresh = useThrottled(() => {
    void client.invalidateQueries({ queryKey: ["ws", currentWorkspace.get(), "query"] });
  }, REFRESH_MS);
  const state = useLiveRuns(
    (runs) => {
      const wanted = runs.filter(accepts);
      if (wanted.length > 0) setArrived((before) => mergeRuns(wanted, before).slice(0, KEEP));
      refresh();
    },
    () => {
      void client.invalidateQueries({ queryKey: ["ws", currentWorkspace.get()] });
    },
  );
  return { arrived, fresh: new Set(arrived.map(({ id }) => id)), state };
}

/** Two lists as one, newest first; of a run that is in both the first list's form wins. */
export function mergeRuns(newer: readonly Run[], older: readonly Run[]): Run[] {
  const byId = new Map<string, Run>();
  for (const run of [...newer, ...older]) if (!byId.has(run.id)) byId.set(run.id, run);
  return [...byId.values()].sort((a, b) => instantOf(b) - instantOf(a));
}

/** As a number: texts with and without a fraction of a second do not sort as texts. */
function instantOf(run: Run): number {
  return new Date(run.started_at).getTime();
}

/** `action` at once, then at most every `every` ms; a call in between is made up for at the end. */
function useThrottled(action: () => void, every: number): () => void {
  const latest = useRef(action);
  latest.current = action;
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const missed = useRef(false);
  useEffect(() => {
    return () => {
      if (timer.current) clearTimeout(timer.current);
    };
  }, []);
  const run = () => {
    if (timer.current) {
      missed.current = true;
      return;
    }
    latest.current();
    timer.current = setTimeout(() => {
      timer.current = null;
      if (missed.current) {
        missed.current = false;
        run();
      }
    }, every);
  };
  return run;
}
