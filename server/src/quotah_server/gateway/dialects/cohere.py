"""Cohere's API, of both versions: bearers, events with a type, errors of one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quotah_server.gateway.dialects.another_model import body_with_model
from quotah_server.gateway.dialects.base import (
    Ask,
    Prepared,
    RefusalError,
    error_of,
    texts,
    without_ours,
    word,
)

_TEXT_KEYS = frozenset({"text", "thinking", "tool_plan", "arguments"})


class CohereDialect:
    """``authorization: Bearer``, ``{"message", "id"}``, usage in every stream."""

    name = "cohere"
    shape = "cohere"
    key_names: tuple[str, ...] = ("authorization",)
    key_query: str | None = None
    done_marker: bytes | None = None
    streams_json = False

    def upstream_path(self, path: str) -> str:
        """Cohere's clients put the version behind the base URL themselves."""
        return path

    def target(self, path: str, query: str, settings: Mapping[str, str]) -> tuple[str, str]:  # noqa: ARG002 -- it has none
        return path, without_ours(query)

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {secret}"),)

    def model_of(self, path: str, ask: Ask) -> str | None:  # noqa: ARG002 -- it stands in the body
        return ask.model_name

    def with_model(self, path: str, body: bytes, model: str) -> tuple[str, bytes]:
        return path, body_with_model(body, model)

    def streams(self, path: str, ask: Ask) -> bool:  # noqa: ARG002 -- it stands in the body
        return ask.stream is True

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        return msgspec.json.encode(
            {"id": request_id, "message": refusal.message, "code": refusal.code}
        )

    def error_code(self, body: bytes) -> str | None:
        """Cohere has no codes; what stands there is ours, or a newer answer's."""
        error = error_of(body)
        return word(error.get("code")) or word(error.get("type"))

    def prepare(self, operation: str, body: bytes, ask: Ask) -> Prepared:  # noqa: ARG002 -- every stream tells its usage
        return Prepared(body)

    def is_injected(self, data: bytes) -> bool:  # noqa: ARG002 -- as above
        return False

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        """Version 1 has its text at the top, of an event as of a whole answer."""
        told = event.get("delta") or event.get("message")
        if isinstance(told, dict):
            return texts(told, _TEXT_KEYS)
        if event.get("event_type", "text-generation") != "text-generation":
            return ""
        return word(event.get("text")) or ""
