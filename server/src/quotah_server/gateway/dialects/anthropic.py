"""Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quotah_server.gateway.dialects.base import Ask, Prepared, RefusalError, texts

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_TEXT_KEYS = frozenset({"text", "thinking", "partial_json"})


class AnthropicDialect:
    """``x-api-key``, ``{"type": "error", …}``, usage in every stream."""

    name = "anthropic"
    done_marker: bytes | None = None

    def upstream_path(self, path: str) -> str:
        return path

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        return (("x-api-key", secret),)

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        kind = _KINDS.get(
            refusal.status, "api_error" if refusal.status >= 500 else "invalid_request_error"
        )
        return msgspec.json.encode(
            {
                "type": "error",
                "error": {"type": kind, "message": refusal.message, "code": refusal.code},
                "request_id": request_id,
            }
        )

    def prepare(self, operation: str, body: bytes, ask: Ask) -> Prepared:  # noqa: ARG002
        return Prepared(body)

    def is_injected(self, data: bytes) -> bool:  # noqa: ARG002
        return False

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        if event.get("type") == "message":
            return texts(event.get("content"), _TEXT_KEYS)
        return texts(event, _TEXT_KEYS) if event.get("type") == "content_block_delta" else ""
