/** The request that a draft is tried with: one that its conditions would take. */

import type { Asked } from "@/api/routing-types";
import type { Values } from "@/features/routing/values";

export type DryRequest = {
  mount: string;
  model: string;
  operation: string;
  project_id: string;
  key_id: string;
  feature: string;
  environment: string;
  streaming: boolean;
};

/** A common model of each kind, for where the route names none. */
const MODELS: Record<string, string> = {
  anthropic: "claude-sonnet-4-5",
  openai: "gpt-4o",
  gemini: "gemini-2.5-flash",
  cohere: "command-a-03-2025",
  mistral: "mistral-large-latest",
  groq: "llama-3.3-70b-versatile",
  deepseek: "deepseek-chat",
  xai: "grok-4",
};
const OPERATIONS: Record<string, string> = {
  anthropic: "messages",
  gemini: "generate_content",
  cohere: "cohere_chat",
};

/** `mounts`: the providers that are connected, by path, with their kind. */
export function requestFor(
  { match, targets }: Pick<Values, "match" | "targets">,
  mounts: readonly { name: string; provider: string }[],
): DryRequest {
  const mount = match.mounts[0] ?? targets.find((each) => each.mount)?.mount ?? preferred(mounts);
  const kind = mounts.find(({ name }) => name === mount)?.provider ?? mount ?? "";
  const model = match.models[0]?.replaceAll("*", "").replace(/[-/]+$/, "");
  return {
    mount: mount ?? "openai",
    model: model || MODELS[kind] || "gpt-4o",
    operation: match.operations[0] ?? OPERATIONS[kind] ?? "chat",
    project_id: match.projects[0] ?? "",
    key_id: match.keys[0] ?? "",
    feature: match.features[0] ?? "",
    environment: match.environments[0] ?? "",
    streaming: false,
  };
}

/** OpenAI's where it is connected: most calls are of its kind. */
function preferred(mounts: readonly { name: string }[]): string | undefined {
  return (mounts.find(({ name }) => name === "openai") ?? mounts[0])?.name;
}

/** As the API takes it: what is empty is not there. */
export function toAsked(request: DryRequest): Asked {
  const { mount, model, operation, project_id, key_id, feature, environment } = request;
  return {
    mount,
    model: model.trim() || null,
    operation,
    streaming: request.streaming,
    ...(project_id ? { project_id } : {}),
    ...(key_id ? { key_id } : {}),
    ...(feature ? { feature } : {}),
    ...(environment ? { environment } : {}),
  };
}
