"""Refusals as RFC 9457 problems: stable code, a sentence for people, never what was sent.

A problem does not repeat input, because input holds passwords and keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quotah_server.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotahError,
    TooManyAttemptsError,
    UnauthenticatedError,
    UnavailableError,
)
from quotah_server.http.frame import frame_of
from quotah_server.store.control.session import AWAY, why_away

_log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
_PART_MAX = 80
"""Characters of one part of a field's path: a key of a map is the caller's."""


class PayloadTooLargeError(QuotahError):
    """The body is larger than this endpoint takes."""

    code = "payload_too_large"


class UnsupportedMediaError(QuotahError):
    """The body is in a format or encoding that this endpoint does not take."""

    code = "unsupported_media_type"


_STATUS: dict[type[QuotahError], HTTPStatus] = {
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    ConflictError: HTTPStatus.CONFLICT,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    PayloadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    QuotahError: HTTPStatus.BAD_REQUEST,
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "payload_too_large"}


class FieldError(BaseModel):
    """One value that is missing or out of its range."""

    field: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem. ``code`` is stable; ``field`` names the value at fault."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    hint: str | None = None
    errors: list[FieldError] | None = None
    request_id: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document for OpenAPI the problems that an endpoint answers with, beside 422 and 500."""
    return {status: documented(status) for status in (*statuses, 422)}


def documented(status: int) -> dict[str, Any]:
    """OpenAPI's response object of a problem."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}


def render(request: Request, status: int, code: str, detail: str, **more: Any) -> Response:
    """Build the response of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:quotah:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **{name: value for name, value in more.items() if value is not None},
        "request_id": frame_of(request).request_id,
    }
    try:
        data = msgspec.json.encode(body)
    except UnicodeEncodeError:
        # A name of the caller's with half a character in it; escaped, it can be told.
        data = json.dumps(body).encode()
    return Response(data, status_code=status, media_type=MEDIA_TYPE)


def status_of(error: QuotahError) -> HTTPStatus:
    """The HTTP status of a refusal, by the nearest class in the tree."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def install(app: FastAPI) -> None:
    """Have every refusal of the app rendered as a problem."""
    app.add_exception_handler(QuotahError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for away in AWAY:
        app.add_exception_handler(away, _on_database_away)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, QuotahError)
    response = render(
        request, status_of(error), error.code, error.message, field=error.field, hint=error.hint
    )
    if isinstance(error, TooManyAttemptsError | UnavailableError):
        response.headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, UnauthenticatedError):
        response.headers["www-authenticate"] = "Bearer"
    return response


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": _field(found["loc"], str(found["type"])), "message": _sentence(str(found["msg"]))}
        for found in error.errors()[:20]
    ]
    first = errors[0]
    detail = f"{first['field'] or 'The request'}: {first['message']}"
    return render(
        request, 422, "invalid_input", detail, field=first["field"] or None, errors=errors
    )


def _field(location: Sequence[str | int], kind: str) -> str:
    parts = [str(part)[:_PART_MAX] for part in location[1:]]
    if kind == "extra_forbidden":
        # This name is the caller's, and may be a secret in the wrong place: it is not repeated.
        parts[-1:] = ["?"]
    return ".".join(parts)


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


async def _on_database_away(request: Request, error: Exception) -> Response:
    _log.error("control_database_away", error=type(error).__name__)
    response = render(request, 503, UnavailableError.code, why_away(error))
    response.headers["retry-after"] = "2"
    return response


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "error")
    detail = {404: "There is nothing at this address."}.get(error.status_code, str(error.detail))
    response = render(request, error.status_code, code, detail)
    response.headers.update(error.headers or {})
    return response
