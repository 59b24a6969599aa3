"""What each library calls what. Earlier names win where a span carries several.

Sources: the semantic conventions of generative AI (semantic-conventions-genai, and as they stood in
semantic-conventions), OpenInference's conventions, and the attributes that OpenLLMetry, pydantic-ai,
Logfire, LangSmith, Langfuse, Sentry and Vercel's AI SDK write.
"""

from __future__ import annotations

INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
    "llm.usage.prompt_tokens", "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
    "llm.usage.input_tokens",
)  # fmt: skip
OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
    "llm.usage.output_tokens",
)  # fmt: skip
TOTAL = (
    "gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total",
    "ai.usage.totalTokens",
)  # fmt: skip
UNCACHED = ("ai.usage.inputTokenDetails.noCacheTokens",)
CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens",
    "llm.token_count.prompt_details.cache_read", "llm.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached", "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens",
    "gen_ai.usage.details.cached_tokens", "llm.token_count.prompt_details.cache_input",
    "providerMetadata.cacheReadInputTokens", "input_token_details.cache_read",
)  # fmt: skip
CACHE_WRITE = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens", "llm.token_count.prompt_details.cache_write",
    "llm.usage.cache_creation_input_tokens", "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.cache_creation_tokens", "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens", "providerMetadata.cacheCreationInputTokens",
    "providerMetadata.cacheWriteInputTokens", "input_token_details.cache_creation",
    "input_token_details.cache_write",
)  # fmt: skip
CACHE_WRITE_5M = (
    "gen_ai.usage.cache_creation.ephemeral_5m_input_tokens",
    "gen_ai.usage.details.ephemeral_5m_input_tokens",
    "input_token_details.ephemeral_5m_input_tokens",
)
CACHE_WRITE_1H = (
    "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens",
    "gen_ai.usage.details.ephemeral_1h_input_tokens",
    "input_token_details.ephemeral_1h_input_tokens",
)
REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning", "llm.usage.reasoning_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens",
    "gen_ai.usage.output_tokens.reasoning", "gen_ai.usage.details.reasoning_tokens",
    "gen_ai.usage.details.thoughts_tokens", "output_token_details.reasoning",
)  # fmt: skip
INPUT_AUDIO = (
    "gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio",
    "gen_ai.usage.details.input_audio_tokens", "input_token_details.audio",
    "input_token_details.audio_tokens",
)  # fmt: skip
INPUT_IMAGE = ("gen_ai.usage.image.input_tokens",)
CACHE_READ_AUDIO = (
    "gen_ai.usage.audio.cache_read.input_tokens", "gen_ai.usage.details.cache_audio_read_tokens",
)  # fmt: skip
CACHE_READ_IMAGE = ("gen_ai.usage.image.cache_read.input_tokens",)
OUTPUT_AUDIO = (
    "gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio",
    "gen_ai.usage.details.output_audio_tokens", "output_token_details.audio",
)  # fmt: skip
OUTPUT_IMAGE = ("gen_ai.usage.image.output_tokens",)
WEB_SEARCH = (
    "gen_ai.usage.server_tool_use.web_search_requests", "gen_ai.usage.details.web_search_requests",
)  # fmt: skip
USAGE_PREFIXES = ("gen_ai.usage.", "llm.usage.", "llm.token_count.", "ai.usage.")

# Mappings in text, whose names count under a prefix of ours.
DETAILS = {
    "gen_ai.usage.input_token_details": "input_token_details.",
    "gen_ai.usage.output_token_details": "output_token_details.",
}
LANGFUSE_USAGE = "langfuse.observation.usage_details"

RESPONSE_MODEL = ("gen_ai.response.model", "ai.response.model", "llm.response.model")
REQUEST_MODEL = (
    "gen_ai.request.model", "llm.request.model", "llm.model_name", "embedding.model_name",
    "reranker.model_name", "ai.model.id", "langfuse.observation.model.name",
)  # fmt: skip
PROVIDER = (
    "gen_ai.provider.name", "gen_ai.system", "ai.model.provider", "llm.provider", "llm.system",
    "llm.vendor",
)  # fmt: skip
FRAMEWORKS = frozenset(
    {"langchain", "llamaindex", "llama_index", "litellm", "haystack", "crewai", "_other",
     "unknown"}
)  # fmt: skip
"""What some libraries call a provider and is none."""
SERVICE_TIER = (
    "openai.response.service_tier", "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier", "gen_ai.usage.service_tier",
)  # fmt: skip
RESPONSE_ID = ("gen_ai.response.id", "ai.response.id", "llm.response.id")
FINISH_REASON = (
    "gen_ai.response.finish_reasons", "ai.response.finishReason", "llm.response.finish_reason",
    "llm.response.stop_reason",
)  # fmt: skip
COST = (
    "operation.cost", "llm.cost.total", "gen_ai.usage.cost", "gen_ai.usage.total_cost",
    "gen_ai.cost.total_tokens", "langfuse.observation.cost_details.total",
)  # fmt: skip
"""What the library reckoned, never what the provider billed."""
RAW_USAGE = ("gen_ai.usage.raw", "gen_ai.response.usage")
PROVIDER_METADATA = "ai.response.providerMetadata"
