"""Google's answers on OpenAI's wire: thinking is billed as output and told by the total alone."""

from __future__ import annotations

from quotah_server.providers.wires.openai import OpenAIWire


class GeminiCompatible(OpenAIWire):
    """Gemini behind the OpenAI-compatible address."""

    name = "gemini"
    hides_thinking = True


PROVIDER = GeminiCompatible()
