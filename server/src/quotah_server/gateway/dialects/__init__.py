"""How each vendor's API looks from outside: where keys go, how errors read, how streams report usage."""

from __future__ import annotations

from quotah_server.gateway.dialects.anthropic import AnthropicDialect
from quotah_server.gateway.dialects.azure import AzureDialect
from quotah_server.gateway.dialects.base import Dialect, RefusalError
from quotah_server.gateway.dialects.cohere import CohereDialect
from quotah_server.gateway.dialects.gemini import GeminiDialect
from quotah_server.gateway.dialects.mistral import MistralDialect
from quotah_server.gateway.dialects.openai import OpenAIDialect
from quotah_server.gateway.dialects.perplexity import PerplexityDialect

__all__ = ["DIALECTS", "Dialect", "RefusalError", "guess"]

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        OpenAIDialect(),
        AnthropicDialect(),
        GeminiDialect(),
        CohereDialect(),
        AzureDialect(),
        MistralDialect(),
        PerplexityDialect(),
    )
}


def guess(mount: str) -> Dialect:
    """The dialect in which to refuse a request before its mount is known."""
    return DIALECTS.get(mount, DIALECTS["openai"])
