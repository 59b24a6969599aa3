/** What routes are for, as routes that can be taken and changed. */

import { CircleDollarSign, History, Layers, type LucideIcon, RotateCw } from "lucide-react";
import type { RouteIn } from "@/api/routing-types";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";

export const RECIPES = ["retry", "fallback", "cheapest", "cache"] as const;
export type RecipeName = (typeof RECIPES)[number];

type Recipe = {
  icon: LucideIcon;
  title: string;
  text: string;
  /** `mounts`: the providers that are connected, by their path. */
  route: (mounts: readonly string[]) => RouteIn;
};

export const RECIPE: Record<RecipeName, Recipe> = {
  retry: {
    icon: RotateCw,
    title: "Retry on overload",
    text: "A call that meets a busy provider is asked again, after the pause it names.",
    route: () => ({
      ...EMPTY_ROUTE,
      name: "Retry on overload",
      retry: { ...EMPTY_ROUTE.retry, tries: 3 },
    }),
  },
  fallback: {
    icon: Layers,
    title: "Fall back to another model",
    text: "When a model fails before it said anything, the next one answers in its place.",
    route: (mounts) => {
      const [mount, next, model] = pairOf(mounts);
      return {
        ...EMPTY_ROUTE,
        name: `Fall back to ${model}`,
        match: { ...EMPTY_ROUTE.match, mounts: [mount] },
        targets: [
          { mount: null, model: null, weight: 1 },
          { mount: next, model, weight: 1 },
        ],
        retry: { ...EMPTY_ROUTE.retry, tries: 2 },
      };
    },
  },
  cheapest: {
    icon: CircleDollarSign,
    title: "Cheapest of two",
    text: "Each call goes where one of its size costs least now; the other stands by.",
    route: (mounts) => {
      const [mount, next, model] = pairOf(mounts);
      return {
        ...EMPTY_ROUTE,
        name: "Cheapest of two",
        match: { ...EMPTY_ROUTE.match, mounts: [mount] },
        strategy: "lowest_cost",
        targets: [
          { mount: null, model: null, weight: 1 },
          { mount: next, model, weight: 1 },
        ],
      };
    },
  },
  cache: {
    icon: History,
    title: "Cache for tests",
    text: "The same request of a test run is answered again from memory and costs nothing.",
    route: () => ({
      ...EMPTY_ROUTE,
      name: "Cache for tests",
      match: { ...EMPTY_ROUTE.match, environments: ["test"] },
      cache: { ttl_s: 86_400, max_bytes: 1_048_576 },
    }),
  },
};

/** A cheaper model of each vendor; the first that is connected is taken. */
const SMALLER: Record<string, string> = {
  openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  cohere: "command-r7b-12-2024",
};

/** Who is asked first, who then, and which model of theirs: a model of the same API. */
function pairOf(mounts: readonly string[]): [string, string, string] {
  const mount = Object.keys(SMALLER).find((each) => mounts.includes(each)) ?? "openai";
  return [mount, mount, SMALLER[mount] ?? "gpt-4o-mini"];
}
