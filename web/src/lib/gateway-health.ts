/** Whether the gateways do what they are there for, and what to say when they do not. */

export type Health = {
  gateway_id: string;
  /** RFC 3339. */
  seen_at: string;
  started_at: string;
  up: boolean;
  journal_failing: boolean;
  journal_depth: number;
  events_waiting: number;
  losses: Record<string, number>;
};

export type Alarm = {
  id: "losing" | "journal" | "silent";
  /** Changes when there is more to tell. */
  key: string;
  tone: "critical" | "warning";
  title: string;
  detail: string;
};

const SILENT_AFTER_MS = 15_000;

/**
 * The most serious thing that is wrong; null where nothing is. `expected`: calls are expected (a
 * gateway key was used of late), so that a gateway that is not heard of is missed.
 */
export function alarmOf(gateways: readonly Health[], now: number, expected: boolean): Alarm | null {
  const lost = sum(gateways.map(({ losses }) => lossWords(losses).total));
  const failing = gateways.filter(({ journal_failing }) => journal_failing);
  if (failing.length > 0) {
    const count = lost > 0 ? ` ${plural(lost, "event")} ${lost === 1 ? "is" : "are"} lost.` : "";
    return {
      id: "journal",
      key: "journal",
      tone: "critical",
      title: "The gateway cannot write its journal",
      detail: `Calls are served, but what they cost may be lost.${count} Free space on the disk of ${namesOf(failing)}, or make its data folder writable; it goes on by itself.`,
    };
  }
  if (lost > 0) {
    const losers = gateways.filter(({ losses }) => lossWords(losses).total > 0);
    return {
      id: "losing",
      key: `losing:${losers.map(({ gateway_id }) => gateway_id).join(",")}:${lost}`,
      tone: "critical",
      title: `${plural(lost, "event")} of the gateway ${lost === 1 ? "was" : "were"} lost`,
      detail: `${lossParts(losers).join(", ")}. Calls were served; their costs are missing from every sum since ${namesOf(losers)} started. The log of the gateway says why.`,
    };
  }
  const heard = gateways.some(({ seen_at }) => now - Date.parse(seen_at) <= SILENT_AFTER_MS);
  if (heard || !expected) return null;
  return {
    id: "silent",
    key: "silent",
    tone: "warning",
    title: "No gateway has been heard of for 15 seconds",
    detail:
      "If it is stopped, calls to it fail: start it again with “quotah up” or “quotah gateway”. If it runs and cannot reach this dashboard, it goes on with what it knew and delivers its events later.",
  };
}

export type GatewayState = {
  tone: "good" | "warning" | "critical" | "neutral";
  label: string;
  meaning: string;
};

export function gatewayState(gateway: Health, now: number): GatewayState {
  if (gateway.journal_failing) {
    const meaning = "It serves calls but cannot write what they cost to its disk.";
    return { tone: "critical", label: "Journal failing", meaning };
  }
  if (now - Date.parse(gateway.seen_at) > SILENT_AFTER_MS) {
    const meaning = "It has not reported for 15 seconds: stopped, or cut off from the dashboard.";
    return { tone: "warning", label: "Silent", meaning };
  }
  if (lossWords(gateway.losses).total > 0) {
    return { tone: "critical", label: "Losing events", meaning: "Some events were lost." };
  }
  return { tone: "good", label: "Up", meaning: "It serves calls and keeps their events." };
}

const LOSSES: Record<string, string> = {
  events: "events that neither disk nor memory could take",
  intents: "notes of calls under way, which only a kill would have needed",
  prices: "prices that failed, whose calls are kept unpriced",
};

/** How many events were lost, and what else went wrong, in words. Only `events` are calls without a cost. */
export function lossWords(losses: Record<string, number>): { total: number; parts: string[] } {
  const lost = Object.entries(losses).filter(([, number]) => number > 0);
  return {
    total: losses.events ?? 0,
    parts: lost.map(([name, number]) => `${number.toLocaleString("en-US")} ${wordsOf(name)}`),
  };
}

function lossParts(gateways: readonly Health[]): string[] {
  const all: Record<string, number> = {};
  for (const { losses } of gateways) {
    for (const [name, number] of Object.entries(losses)) all[name] = (all[name] ?? 0) + number;
  }
  return lossWords(all).parts;
}

function namesOf(gateways: readonly Health[]): string {
  const [first] = gateways;
  return gateways.length === 1 && first ? `gateway ${shortId(first.gateway_id)}` : "these gateways";
}

/** A name that somebody gave stays; of an id that nobody can read the end tells it from others. */
export function shortId(id: string): string {
  return /^[0-9a-f]{32}$/.test(id) ? `…${id.slice(-6)}` : id;
}

function wordsOf(name: string): string {
  return LOSSES[name] ?? name.replaceAll("_", " ");
}

function plural(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
