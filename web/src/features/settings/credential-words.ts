/** How a provider key does, in words. */

import type { Provider, ProviderStatus } from "@/api/providers";
import { timeOfDay } from "@/lib/time";
import type { Tone } from "@/ui/badge";

type Looks = { label: string; tone: Tone; meaning: string };

const STATUS: Record<ProviderStatus, Looks> = {
  never_used: { label: "Never used", tone: "neutral", meaning: "No call has tried this key yet." },
  healthy: { label: "Healthy", tone: "good", meaning: "The last call with this key was accepted." },
  invalid: { label: "Refused", tone: "critical", meaning: "The provider refused this key." },
  rate_limited: {
    label: "Rate limited",
    tone: "warning",
    meaning: "The provider is slowing this key down.",
  },
  failing: {
    label: "Failing",
    tone: "critical",
    meaning: "Calls with this key have failed of late.",
  },
};

type Known = Pick<Provider, "enabled" | "status" | "breaker" | "open_until">;

/** `paused`: what the breaker says, null while it is closed. */
export function statusOf({ enabled, status, breaker }: Known, paused: string | null): Looks {
  if (!enabled) {
    return { label: "Off", tone: "neutral", meaning: "No call is made with this key." };
  }
  if (paused !== null) {
    const meaning =
      breaker === "open"
        ? "It failed several times in a row. Other keys and targets take its calls until then."
        : "Its pause is over. One call tries whether it works again.";
    return { label: paused, tone: "warning", meaning };
  }
  return STATUS[status] ?? { label: status, tone: "neutral", meaning: "" };
}

/** "Paused until 12:03:10"; null while the breaker lets calls through. */
export function breakerWords(
  { breaker, open_until }: Pick<Known, "breaker" | "open_until">,
  now: number,
  zone: string,
): string | null {
  if (breaker === "half_open") return "Trying again";
  if (breaker !== "open") return null;
  if (open_until === null) return "Paused";
  if (Date.parse(open_until) <= now) return "Trying again";
  return `Paused until ${timeOfDay(open_until, zone, true)}`;
}
