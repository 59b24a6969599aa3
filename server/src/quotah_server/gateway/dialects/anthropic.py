"""Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quotah_server.gateway.dialects.base import RefusalError, error_of, texts, word
from quotah_server.gateway.dialects.plain import PlainDialect

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
_LOGIN_TOKEN = "sk-ant-oat"  # noqa: S105 -- how such tokens begin


class AnthropicDialect(PlainDialect):
    """``x-api-key``, ``{"type": "error", …}``, usage in every stream."""

    name = "anthropic"
    shape = "anthropic"
    key_names: tuple[str, ...] = ("x-api-key", "authorization")

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        """Tokens of people who logged in (a caller's own) go where bearers go."""
        if secret.startswith(_LOGIN_TOKEN):
            return (("authorization", f"Bearer {secret}"),)
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

    def error_code(self, body: bytes) -> str | None:
        """A code among the details says more than the type (``enforced_spend_limit_reached``)."""
        error = error_of(body)
        details = error.get("details")
        code = word(details.get("error_code")) if isinstance(details, dict) else None
        return code or word(error.get("type"))

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        if event.get("type") == "message":
            return texts(event.get("content"), _TEXT_KEYS)
        return texts(event, _TEXT_KEYS) if event.get("type") == "content_block_delta" else ""
