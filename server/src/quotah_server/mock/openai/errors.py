"""Errors in OpenAI's shape."""

from __future__ import annotations

from quotah_server.mock.exchange import Trouble

_TYPES = {
    400: ("invalid_request_error", None, "The request was not understood."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "permission_denied", "You may not use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again."),
}


def error_body(trouble: Trouble, _request_id: str = "") -> object:
    """Build the body of an error answer; the trouble's message and code replace the usual ones."""
    kind, code, message = _TYPES.get(trouble.status) or _TYPES[trouble.status // 100 * 100]
    return {
        "error": {
            "message": trouble.message or message,
            "type": trouble.code or kind,
            "param": None,
            "code": trouble.code or code,
        }
    }
