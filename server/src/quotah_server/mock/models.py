"""Which dated model answers for an alias, and which models think before they answer."""

from __future__ import annotations

DATED = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "gpt-5.2": "gpt-5.2-2025-12-11",
    "gpt-5.4-mini": "gpt-5.4-mini-2026-03-17",
    "gpt-5.4-nano": "gpt-5.4-nano-2026-03-17",
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
}

_UNDATED = (
    "claude-haiku-5-5",
    "command-a-03-2025",
    "command-r7b-12-2024",
    "embed-v4.0",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-embedding-001",
    "rerank-v3.5",
    "claude-opus-4-6",
    "claude-opus-5-5",
    "claude-sonnet-4-6",
    "claude-sonnet-5-5",
    "gpt-5.6-sol",
    "gpt-6.1-sol",
)

EMBEDDING_SIZES = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

_EFFORT_TOKENS = {"none": 0, "minimal": 0, "low": 64, "medium": 192, "high": 512, "xhigh": 1024}
_THINKERS = ("o1", "o3", "o4", "gpt-5", "gpt-6")


def answering(model: str) -> str:
    """The model that the provider names in its answer; unknown names are echoed."""
    return DATED.get(model, model)


def reasoning_tokens(model: str, effort: str | None) -> int:
    """Reasoning tokens of an OpenAI model for an effort (default: medium), in steps of 64."""
    if not model.startswith(_THINKERS) or "chat" in model:
        return 0
    return _EFFORT_TOKENS.get(effort or "medium", _EFFORT_TOKENS["medium"])


def known(prefixes: tuple[str, ...]) -> list[str]:
    """List every model name, alias and dated, that begins with one of the prefixes."""
    names = {*DATED, *DATED.values(), *_UNDATED, *EMBEDDING_SIZES}
    return sorted(name for name in names if name.startswith(prefixes))
