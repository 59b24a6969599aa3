"""Mistral: OpenAI's wire, whose streams end with their usage; asking for it is refused (422)."""

from __future__ import annotations

from quotah_server.gateway.dialects.openai import OpenAIDialect


class MistralDialect(OpenAIDialect):
    """Unknown members of a request are refused, ``stream_options`` among them."""

    name = "mistral"
    asks_for_usage = False
