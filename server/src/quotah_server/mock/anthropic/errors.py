"""Errors in Anthropic's shape."""

from __future__ import annotations

from quotah_server.mock.exchange import Trouble

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


def error_body(trouble: Trouble, request_id: str) -> object:
    """Build the body of an error answer; its code is given as ``details.error_code``."""
    kind, usual = _TYPES.get(trouble.status) or _TYPES[trouble.status // 100 * 100]
    error: dict[str, object] = {"type": kind, "message": trouble.message or usual}
    if trouble.code is not None:
        error["details"] = {"error_code": trouble.code}
    return {"type": "error", "error": error, "request_id": request_id}
