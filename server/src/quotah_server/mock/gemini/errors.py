"""Errors in Google's shape: whole, or as the last piece of a stream."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.exchange import Trouble, sse

_STATUSES = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    403: ("PERMISSION_DENIED", "Method doesn't allow unregistered callers."),
    404: ("NOT_FOUND", "The model is not found, or is not supported for this method."),
    429: ("RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    500: ("INTERNAL", "An internal error has occurred."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_TYPES = "type.googleapis.com/google.rpc."
_QUOTA = "generativelanguage.googleapis.com/generate_content_requests"
_QUOTA_ID = "GenerateRequestsPerMinutePerProjectPerModel"


def error_body(trouble: Trouble, _request_id: str) -> object:
    """An error; a 429 tells the quota that is used up and, unless it is a spend limit, when to come
    back. There are no headers for either.
    """
    status, usual = _STATUSES.get(trouble.status) or _STATUSES[trouble.status // 100 * 100]
    error: dict[str, Any] = {
        "code": trouble.status,
        "message": trouble.message or usual,
        "status": trouble.code or status,
    }
    details: list[dict[str, Any]] = []
    if status == "RESOURCE_EXHAUSTED":
        violation = {"quotaMetric": _QUOTA, "quotaId": _QUOTA_ID, "quotaValue": "10000"}
        details.append({"@type": _TYPES + "QuotaFailure", "violations": [violation]})
    if trouble.wait_ms is not None:
        delay = f"{trouble.wait_ms / 1000:g}s"
        details.append({"@type": _TYPES + "RetryInfo", "retryDelay": delay})
    if details:
        error["details"] = details
    return {"error": error}


def stream_error(body: object, first: bytes) -> bytes:
    """The error as an event, or as the last member of an array."""
    if first.startswith(b"data:"):
        return sse(body, line_end=b"\r\n")
    return b",\r\n" + msgspec.json.encode(body) + b"]"
