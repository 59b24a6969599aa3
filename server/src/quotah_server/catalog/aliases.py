"""One vendor, many names: what price libraries, OpenTelemetry and people call the same provider."""

from __future__ import annotations

_ALIASES: dict[str, tuple[str, ...]] = {
    "anthropic": ("claude",),
    "azure": ("azure.ai.openai", "azure.ai.inference", "az.ai.openai", "az.ai.inference",
              "azure_openai", "azure-openai", "azure_ai"),
    "bedrock": ("aws", "aws.bedrock", "aws_bedrock", "aws-bedrock", "amazon", "amazon-bedrock",
                "amazon_bedrock"),
    "fireworks": ("fireworks_ai", "fireworks-ai"),
    "gemini": ("google", "gcp.gemini", "gcp.gen_ai", "gcp.vertex_ai", "google-gemini", "vertex",
               "vertex_ai", "vertex-ai", "vertexai", "google-vertex", "google-gla", "google_genai"),
    "mistral": ("mistral_ai", "mistralai", "mistral-ai"),
    "moonshotai": ("moonshot", "moonshot_ai", "moonshot-ai", "kimi"),
    "openai": ("open_ai", "open-ai"),
    "self-hosted": ("self_hosted", "selfhosted", "local"),
    "together": ("together_ai", "together-ai", "togetherai"),
    "voyageai": ("voyage", "voyage_ai"),
    "xai": ("x-ai", "x_ai", "grok"),
}  # fmt: skip
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_AS_IT_IS = frozenset(
    {*_ALIASES, "cohere", "deepseek", "groq", "ollama", "openrouter", "perplexity"}
)
"""Names that are ours, written as we do: told without another look."""


def canonical(provider: str) -> str:
    """Our name of a provider; a name we do not know is kept, in lower case and without blanks."""
    if provider in _AS_IT_IS:
        return provider
    name = provider.strip().lower()
    return _CANONICAL.get(name, name)


def aliases() -> dict[str, tuple[str, ...]]:
    """Our name → the other names it answers to."""
    return dict(_ALIASES)
