"""How each provider's wire says what it used. Raw usage is read and passed on, never counted."""

from __future__ import annotations

from quotah.wires import anthropic, openai
from quotah.wires.answer import Wire

_WIRES: dict[str, tuple[Wire, str]] = {
    "/chat/completions": (openai.CHAT, "chat"),
    "/completions": (openai.CHAT, "completions"),
    "/embeddings": (openai.CHAT, "embeddings"),
    "/responses": (openai.RESPONSES, "responses"),
    "/images/generations": (openai.MEDIA, "images"),
    "/images/edits": (openai.MEDIA, "images"),
    "/images/variations": (openai.MEDIA, "images"),
    "/audio/speech": (openai.MEDIA, "speech"),
    "/audio/transcriptions": (openai.MEDIA, "transcription"),
    "/audio/translations": (openai.MEDIA, "transcription"),
    "/v1/messages": (anthropic.MESSAGES, "messages"),
}
_HOSTS = {
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.x.ai": "xai",
    "openrouter.ai": "openrouter",
}
_SUFFIXES = {".openai.azure.com": "azure", ".cognitiveservices.azure.com": "azure"}


def wire_of(path: str) -> tuple[Wire, str] | None:
    """Tell how to read the answers of a URL path, and the operation's name; None if not billed."""
    path = path.rstrip("/")
    for ending, found in _WIRES.items():
        if path.endswith(ending):
            return found
    return None


def provider_of(host: str, wire: Wire) -> str:
    """Name the provider behind a host; an unknown host counts as the wire's own vendor."""
    for suffix, name in _SUFFIXES.items():
        if host.endswith(suffix):
            return name
    return _HOSTS.get(host, wire.vendor)
