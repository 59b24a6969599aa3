"""Perplexity: OpenAI's wire, of which chat has no version segment and all else has.

Every chunk of a stream tells its usage so far.
"""

from __future__ import annotations

from quotah_server.gateway.dialects.openai import OpenAIDialect

_UNVERSIONED = ("/chat/completions", "/async/chat/completions", "/search")


class PerplexityDialect(OpenAIDialect):
    """Base URLs end with the host."""

    name = "perplexity"
    asks_for_usage = False

    def upstream_path(self, path: str) -> str:
        below = super().upstream_path(path)
        return below if below.startswith(_UNVERSIONED) else f"/v1{below}"
