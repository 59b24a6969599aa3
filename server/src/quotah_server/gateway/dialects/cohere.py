"""Cohere's API, of both versions: bearers, events with a type, errors of one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quotah_server.gateway.dialects.base import RefusalError, error_of, texts, word
from quotah_server.gateway.dialects.plain import PlainDialect

_TEXT_KEYS = frozenset({"text", "thinking", "tool_plan", "arguments"})


class CohereDialect(PlainDialect):
    """``authorization: Bearer``, ``{"message", "id"}``, usage in every stream."""

    name = "cohere"
    shape = "cohere"

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        return msgspec.json.encode(
            {"id": request_id, "message": refusal.message, "code": refusal.code}
        )

    def error_code(self, body: bytes) -> str | None:
        """Cohere has no codes; what stands there is ours, or a newer answer's."""
        error = error_of(body)
        return word(error.get("code")) or word(error.get("type"))

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        """Version 1 has its text at the top, of an event as of a whole answer."""
        told = event.get("delta") or event.get("message")
        if isinstance(told, dict):
            return texts(told, _TEXT_KEYS)
        if event.get("event_type", "text-generation") != "text-generation":
            return ""
        return word(event.get("text")) or ""
