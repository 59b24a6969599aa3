import { useQuery } from "@tanstack/react-query";
import { useWorkspace } from "@/api/member";
import { tableQuery } from "@/api/queries";
import { records } from "@/api/table";
import { count } from "@/lib/format";
import { toNumber } from "@/lib/number";
import type { Suggestion } from "@/ui/tags-input";

/** The operations that the gateway tells apart, the most common first. */
export const OPERATIONS: readonly Suggestion[] = [
  "chat",
  "messages",
  "responses",
  "generate_content",
  "cohere_chat",
  "embeddings",
  "embed_content",
  "completions",
  "rerank",
  "images",
  "speech",
  "transcription",
  "moderations",
  "count_tokens",
  "passthrough",
].map((value) => ({ value }));

/** What calls of the last 30 days carried in a dimension, the most frequent first. */
export function useSeen(dimension: string): Suggestion[] {
  const { timezone } = useWorkspace();
  const answer = useQuery({
    ...tableQuery({
      metrics: ["requests"],
      dimensions: [dimension],
      period: { last: "30d" },
      timezone,
      order: [{ field: "requests", desc: true }],
      limit: 100,
      totals: false,
    }),
    staleTime: 60_000,
  });
  return (answer.data ? records(answer.data) : []).flatMap((row) => {
    const value = row[dimension];
    if (typeof value !== "string" || value === "") return [];
    const calls = toNumber(row.requests) ?? 0;
    return [{ value, detail: `${count(calls)} ${calls === 1 ? "call" : "calls"}` }];
  });
}
