"""Google's Gemini API: the model and whether it streams stand in the path, the key may in the query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from quotah_server.gateway.dialects.another_model import body_with_model, with_every_model
from quotah_server.gateway.dialects.base import (
    Ask,
    RefusalError,
    error_of,
    texts,
    without_ours,
    without_parameter,
    word,
)
from quotah_server.gateway.dialects.plain import PlainDialect

_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_MODEL = re.compile(r"/(?:models|tunedModels)/([^/:]+)(?=:[^/:]*/*\Z)")
_CALL = re.compile(r":[^/:]*/*\Z")
_STREAM = ":streamGenerateContent"
_EMBED = (":embedContent", ":batchEmbedContents")
_TEXT_KEYS = frozenset({"text", "arguments"})


class GeminiDialect(PlainDialect):
    """``x-goog-api-key`` or ``?key=``, ``{"error": {"code", "message", "status"}}``."""

    name = "gemini"
    shape = "gemini"
    key_names: tuple[str, ...] = ("x-goog-api-key", "authorization")
    key_query: str | None = "key"
    streams_json = True

    def target(self, path: str, query: str, settings: Mapping[str, str]) -> tuple[str, str]:  # noqa: ARG002 -- it has none
        return path, without_ours(without_parameter(query, "key")) if query else query

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        return (("x-goog-api-key", secret),)

    def model_of(self, path: str, ask: Ask) -> str | None:
        """By the path where that calls something: what a body says beside it is not what runs."""
        found = _MODEL.search(path)
        if found is not None:
            return found[1]
        return None if _CALL.search(path) else ask.model_name

    def with_model(self, path: str, body: bytes, model: str) -> tuple[str, bytes]:
        """Requests for embeddings repeat the path's model in the body."""
        found = _MODEL.search(path)
        if found is None:
            return path, body_with_model(body, model)
        if path.endswith(_EMBED):
            body = with_every_model(body, f"models/{found[1]}", f"models/{model}")
        return path[: found.start(1)] + model + path[found.end(1) :], body

    def streams(self, path: str, ask: Ask) -> bool:
        return path.endswith(_STREAM) or ask.stream is True

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        kind = _KINDS.get(refusal.status, "INTERNAL" if refusal.status >= 500 else "UNKNOWN")
        reason = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": refusal.code,
            "domain": "quotah",
        }
        served = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id}
        message = f"{refusal.message} (request id {request_id})"
        return msgspec.json.encode(
            {
                "error": {
                    "code": refusal.status,
                    "message": message,
                    "status": kind,
                    "details": [reason, served],
                }
            }
        )

    def error_code(self, body: bytes) -> str | None:
        """Google's canonical code; its ``code`` is the HTTP status."""
        error = error_of(body)
        return word(error.get("status")) or word(error.get("code"))

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        """Texts of the candidates, and of steps and deltas of an interaction; calls of functions by
        their JSON."""
        if "candidates" in event:
            return "".join(map(_said, _parts(event["candidates"])))
        return texts([event.get("delta"), event.get("steps"), event.get("outputs")], _TEXT_KEYS)


def _parts(candidates: object) -> list[Any]:
    found: list[Any] = []
    for candidate in candidates if isinstance(candidates, list) else []:
        content = candidate.get("content") if isinstance(candidate, dict) else None
        parts = content.get("parts") if isinstance(content, dict) else None
        found.extend(parts if isinstance(parts, list) else [])
    return found


def _said(part: Any) -> str:
    if not isinstance(part, dict):
        return ""
    called = part.get("functionCall")
    if isinstance(called, dict):
        return msgspec.json.encode(called.get("args")).decode()
    return texts(part, _TEXT_KEYS | {"code", "output"})
