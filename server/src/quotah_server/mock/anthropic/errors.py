"""Errors in Anthropic's shape."""

from __future__ import annotations

_TYPES = {
    400: ("invalid_request_error", "The request was not understood."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use this resource."),
    404: ("not_found_error", "The requested resource could not be found."),
    413: ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}


def error_body(
    status: int, message: str | None = None, code: str | None = None, request_id: str | None = None
) -> object:
    """Build the body of an error answer; ``code`` is given as ``details.error_code``."""
    kind, usual = _TYPES.get(status) or _TYPES[status // 100 * 100]
    error: dict[str, object] = {"type": kind, "message": message or usual}
    if code is not None:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": request_id}
