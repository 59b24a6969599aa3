"""What surrounds every request: its frame, the access log, headers for browsers, a bound on bodies.

Plain ASGI, so that streams pass through as they come.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quotah_server.http.frame import Network, frame_from, frame_of, keep_frame
from quotah_server.http.metrics import HttpMetrics
from quotah_server.http.problem import PayloadTooLargeError, render

_log = structlog.get_logger("quotah.access")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
# Inline styles are allowed, since component libraries place style elements at run time; they run no code.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class FrameMiddleware:
    """Names the request, times it, logs it, counts it, and answers what broke with a
    problem. The operation is logged and the path and query are not: they can hold a secret."""

    def __init__(self, app: ASGIApp, *, trusted: tuple[Network, ...], metrics: HttpMetrics) -> None:
        self._app = app
        self._trusted = trusted
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        frame = frame_from(scope, self._trusted)
        keep_frame(scope, frame)
        status = 0
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["x-request-id"] = frame.request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=frame.request_id):
            try:
                await self._app(scope, receive, watched)
            except Exception as error:  # noqa: BLE001 -- the last line of defence
                _log.error("request_broke", error=type(error).__name__, at=_frames(error))
                if status == 0:
                    detail = "Something broke inside Quotah. The log has more under the request id."
                    response = render(Request(scope), 500, "internal", detail)
                    await response(scope, receive, watched)
            finally:
                self._account(scope, frame.ip, status, time.perf_counter() - started)

    def _account(self, scope: Scope, ip: str, status: int, seconds: float) -> None:
        route = _name(scope)
        self._metrics.observe(scope["method"], route, status, seconds)
        if route not in _QUIET:
            _log.info(
                "request", method=scope["method"][:16], route=route, status=status, ip=ip,
                ms=round(seconds * 1000, 1),
            )  # fmt: skip


class BrowserHeadersMiddleware:
    """Outermost: tells browsers what pages may do, and that answers of the API are kept by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if frame_of(Request(scope)).https:
                    headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, dressed)


class BodyLimitMiddleware:
    """Refuses bodies over a bound, by their stated length or while they come in.

    limits: path prefix → bytes; the longest prefix that fits counts, else ``default``.
    """

    def __init__(self, app: ASGIApp, *, default: int, limits: Mapping[str, int]) -> None:
        self._app = app
        self._default = default
        self._limits = sorted(limits.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limit = next((size for at, size in self._limits if path.startswith(at)), self._default)
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if not stated.isdigit() or int(stated[:18]) > limit:
            await _refuse(scope, receive, send, limit)
            return
        taken = 0
        answered = False

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, bounded, watched)
        except _TooLarge:
            if answered:
                raise
            await _refuse(scope, receive, send, limit)


class _TooLarge(BaseException):
    """Not an Exception: frameworks turn those into answers of their own while they read a body."""


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    detail = f"The body is larger than the {limit:,} bytes that this address takes."
    response = render(Request(scope), 413, PayloadTooLargeError.code, detail)
    response.headers["connection"] = "close"
    await response(scope, receive, send)


def _name(scope: Scope) -> str:
    route = scope.get("route")
    name = getattr(route, "operation_id", None) or getattr(route, "path", None)
    return name if isinstance(name, str) else "(none)"


def _frames(error: BaseException) -> list[str]:
    # Where it broke, without the message: messages of drivers and parsers quote what they were given.
    found = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in found]
