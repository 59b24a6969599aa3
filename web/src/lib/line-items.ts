/** The arithmetic of a cost in words: "1,920 cached input tokens × $1.25 / 1M". */

import { countExact, moneyExact } from "@/lib/format";

type Line = {
  unit: string;
  quantity: number;
  /** Decimal dollars for `per` of the unit. */
  rate_usd: string;
  per: number;
  amount_usd: string;
};

/** One and many. */
const UNITS: Record<string, [string, string]> = {
  input: ["input token", "input tokens"],
  cache_read: ["cached input token", "cached input tokens"],
  cache_write_5m: ["token written to the 5-minute cache", "tokens written to the 5-minute cache"],
  cache_write_30m: [
    "token written to the 30-minute cache",
    "tokens written to the 30-minute cache",
  ],
  cache_write_1h: ["token written to the 1-hour cache", "tokens written to the 1-hour cache"],
  cache_write_12h: ["token written to the 12-hour cache", "tokens written to the 12-hour cache"],
  output: ["output token", "output tokens"],
  reasoning: ["reasoning token", "reasoning tokens"],
  input_audio: ["audio input token", "audio input tokens"],
  input_image: ["image input token", "image input tokens"],
  input_video: ["video input token", "video input tokens"],
  cache_read_audio: ["cached audio input token", "cached audio input tokens"],
  cache_read_image: ["cached image input token", "cached image input tokens"],
  output_audio: ["audio output token", "audio output tokens"],
  output_image: ["image output token", "image output tokens"],
  request: ["request", "requests"],
  web_search: ["web search", "web searches"],
  file_search: ["file search", "file searches"],
  code_container: ["code container", "code containers"],
  code_execution: ["code execution", "code executions"],
  web_search_preview: ["preview web search", "preview web searches"],
  social_search: ["social search", "social searches"],
  search_source: ["source of live search", "sources of live search"],
  search_unit: ["rerank search unit", "rerank search units"],
  citation: ["citation token", "citation tokens"],
  cache_write: ["token written to the cache", "tokens written to the cache"],
  output_video: ["video output token", "video output tokens"],
  audio_second: ["second of audio", "seconds of audio"],
  audio_microsecond: ["microsecond of audio", "microseconds of audio"],
  video_second: ["second of video", "seconds of video"],
  image: ["image", "images"],
  page: ["page", "pages"],
  annotated_page: ["annotated page", "annotated pages"],
  input_character: ["input character", "input characters"],
  input_message: ["input message", "input messages"],
  input_pixel: ["input pixel", "input pixels"],
  classification: ["classification", "classifications"],
  grounded_prompt: ["prompt grounded by search", "prompts grounded by search"],
  grounding_query: ["grounding search query", "grounding search queries"],
  grounded_maps_prompt: ["prompt grounded by maps", "prompts grounded by maps"],
  maps_query: ["grounding map query", "grounding map queries"],
  cache_storage_token_hour: ["token-hour of cache storage", "token-hours of cache storage"],
};

type Quantity = Pick<Line, "unit" | "quantity">;

/** The quantity of one line among all: beside cached input, plain input is said to be uncached. */
export function quantityAmong(line: Quantity, all: readonly Pick<Line, "unit">[]): string {
  const cached = all.some(({ unit }) => unit.startsWith("cache_"));
  const text = quantityOf(line);
  return cached && line.unit === "input" ? text.replace("input", "uncached input") : text;
}

/** "1,920 cached input tokens". A unit that this page does not know keeps its own name. */
export function quantityOf({ unit, quantity }: Quantity): string {
  const [one, many] = UNITS[unit] ?? [unit.replaceAll("_", " "), unit.replaceAll("_", " ")];
  return `${countExact(quantity)} ${quantity === 1 ? one : many}`;
}

/** "$1.25 / 1M", "$0.01 each". */
export function rateOf({ rate_usd, per }: Pick<Line, "rate_usd" | "per">): string {
  const rate = moneyExact(rate_usd);
  switch (per) {
    case 1:
      return `${rate} each`;
    case 1_000:
      return `${rate} / 1k`;
    case 1_000_000:
      return `${rate} / 1M`;
    default:
      return `${rate} / ${countExact(per)}`;
  }
}

/** "1,920 cached input tokens × $1.25 / 1M = $0.0024", every digit as it was charged. */
export function lineText(line: Line): string {
  return `${quantityOf(line)} × ${rateOf(line)} = ${moneyExact(line.amount_usd)}`;
}

const PROVENANCE: Record<string, string> = {
  reported: "The provider named this amount.",
  computed: "Computed from the provider's own counts and the price in force at the time.",
  estimated: "Computed from counts that are ours, because the provider reported none.",
  unpriced: "It could not be priced, so it is in no sum of costs.",
};

/** Where a cost comes from, in a sentence. */
export function provenanceOf(status: string): string {
  return PROVENANCE[status] ?? "";
}

/** Why a cost is what it is, in sentences; the reason of the pricing says more than the rule. */
export function explanationOf(status: string, reason: string | null): string {
  const because = reason ? `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.` : "";
  if (status === "unpriced") return [because, provenanceOf(status)].filter(Boolean).join(" ");
  return because || provenanceOf(status);
}
