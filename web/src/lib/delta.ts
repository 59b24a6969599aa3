import type { Cell } from "@/lib/format";
import { toNumber } from "@/lib/number";

export type Better = "higher" | "lower" | null;
export type Delta = {
  direction: "up" | "down" | "flat";
  tone: "good" | "bad" | "neutral";
  /** Short form for the eye: `12.3%`. */
  text: string;
  /** The same for a screen reader: `up 12.3 percent, worse`. */
  words: string;
};

/** Change against the previous period; null when there is nothing to compare with. */
export function delta(current: Cell, previous: Cell, better: Better): Delta | null {
  const now = toNumber(current);
  const before = toNumber(previous);
  if (now === null || before === null) return null;
  if (before === 0) {
    if (now === 0) return { direction: "flat", tone: "neutral", text: "0%", words: "no change" };
    return { direction: "up", tone: "neutral", text: "new", words: "up from zero" };
  }
  const ratio = (now - before) / Math.abs(before);
  const size = Math.abs(ratio) * 100;
  if (size < 0.05) return { direction: "flat", tone: "neutral", text: "0%", words: "no change" };
  const direction = ratio > 0 ? "up" : "down";
  const tone = toneOf(ratio, better);
  const { text, amount } = sizeOf(1 + ratio, size);
  const verdict = tone === "neutral" ? "" : tone === "good" ? ", better" : ", worse";
  return { direction, tone, text, words: `${direction} ${amount}${verdict}` };
}

/** Percent to tenfold, a multiple beyond; past a thousandfold the digits say nothing more. */
function sizeOf(multiple: number, size: number): { text: string; amount: string } {
  if (size < 1000) return { text: `${size.toFixed(1)}%`, amount: `${size.toFixed(1)} percent` };
  if (multiple >= 1000) return { text: ">999×", amount: "more than 999 times" };
  return { text: `${multiple.toFixed(0)}×`, amount: `${multiple.toFixed(0)} times` };
}

function toneOf(change: number, better: Better): Delta["tone"] {
  if (better === null) return "neutral";
  return change > 0 === (better === "higher") ? "good" : "bad";
}
