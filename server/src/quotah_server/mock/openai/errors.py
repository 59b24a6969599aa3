"""Errors in OpenAI's shape."""

from __future__ import annotations

_TYPES = {
    400: ("invalid_request_error", None, "The request was not understood."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "permission_denied", "You may not use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again."),
}


def error_body(status: int, message: str | None = None, code: str | None = None) -> object:
    """Build the body of an error answer; ``message`` and ``code`` replace the usual ones."""
    kind, usual_code, usual_message = _TYPES.get(status) or _TYPES[status // 100 * 100]
    if code is not None:
        kind = code
    return {
        "error": {
            "message": message or usual_message,
            "type": kind,
            "param": None,
            "code": code or usual_code,
        }
    }
