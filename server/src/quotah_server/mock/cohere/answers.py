"""What Cohere's operations share: headers, events, errors."""

from __future__ import annotations

from typing import Any

from quotah_server.mock.desk import Visit
from quotah_server.mock.exchange import Step, Trouble, sse
from quotah_server.mock.ratelimits import REQUEST_LIMIT

ID_HEADER = "x-debug-trace-id"
_MESSAGES = {
    400: "invalid request",
    401: "invalid api token",
    404: "model not found, make sure the correct model id is used",
    429: "You are using a Trial key, which is limited. Please wait and try again later.",
    498: "invalid token",
    500: "internal server error",
    503: "service temporarily unavailable",
}


def answer_headers(visit: Visit, read: int, written: int) -> list[tuple[str, str]]:
    """Headers that every good answer of Cohere carries: a trial key's calls."""
    window = visit.desk.limits.take(visit.key, read, written)
    left = max(0, REQUEST_LIMIT - window.requests)
    return [
        (ID_HEADER, visit.request_id),
        ("x-api-version", "2"),
        ("x-endpoint-monthly-call-limit", str(REQUEST_LIMIT)),
        ("x-trial-endpoint-call-limit", str(REQUEST_LIMIT)),
        ("x-trial-endpoint-call-remaining", str(left)),
        ("num_chars", str(read * 4)),
        ("num_tokens", str(read + written)),
    ]


def stream_step(name: str, /, **fields: Any) -> Step:
    """One event of a stream."""
    return Step(sse({"type": name, **fields}, event=name))


def error_body(trouble: Trouble, request_id: str) -> object:
    """An error in Cohere's shape."""
    usual = _MESSAGES.get(trouble.status) or _MESSAGES[trouble.status // 100 * 100]
    body = {"id": request_id, "message": trouble.message or usual}
    return body if trouble.code is None else {**body, "code": trouble.code}


def stream_error(body: object, _first: bytes) -> bytes:
    """A stream that fails ends as any other, with a reason."""
    message = body["message"] if isinstance(body, dict) else "error"
    delta = {"finish_reason": "ERROR", "error": message}
    return sse({"type": "message-end", "delta": delta}, event="message-end")
