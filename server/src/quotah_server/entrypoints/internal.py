"""The unix socket of the API process: the gateway's and the operator's door. Its file mode is its lock."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from quotah_server.domain import snapshot as wire
from quotah_server.domain.errors import InvalidInputError, QuotahError, UnavailableError
from quotah_server.domain.event import PricedEvent
from quotah_server.entrypoints.admin import Admin
from quotah_server.features.gateways.reports import MAX_BODY
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.snapshot.service import SnapshotPublisher
from quotah_server.store.control.session import AWAY, why_away

_log = structlog.get_logger("quotah.internal")
_WAIT_MAX_S = 25.0
_decode_events = msgspec.msgpack.Decoder(list[PricedEvent]).decode

Take = Callable[[list[PricedEvent]], Awaitable[dict[str, object]]]
"""Stores a batch of the gateway's events; returns the receipt once they are stored."""

Books = Callable[[str], bytes | None]
"""The bytes of a list book by its version; None where there is no such book."""


def internal_app(
    admin: Admin, publisher: SnapshotPublisher, take: Take, books: Books, gateways: Gateways
) -> Starlette:
    """Build the application that is served on the unix socket."""
    return Starlette(
        routes=[
            *_for_gateways(publisher, take, books),
            _states(gateways),
            _for_commands(admin),
        ],
        exception_handlers={QuotahError: _refuse},
    )


def _for_gateways(publisher: SnapshotPublisher, take: Take, books: Books) -> list[Route]:
    async def snapshot(request: Request) -> Response:
        try:
            after = int(request.query_params.get("after", "-1"))
            wait_s = min(float(request.query_params.get("wait", "0")), _WAIT_MAX_S)
        except ValueError as error:
            raise InvalidInputError("after and wait are numbers.", field="after") from error
        found = await publisher.wait(after, wait_s)
        if found is None:
            return Response(status_code=304)
        return Response(wire.encode(found), media_type="application/msgpack")

    async def book(request: Request) -> Response:
        data = await asyncio.to_thread(books, request.path_params["version"])
        if data is None:
            return Response(status_code=404)
        return Response(data, media_type="application/jsonl")

    async def events(request: Request) -> Response:
        try:
            batch = _decode_events(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidInputError(f"The body is not a list of events: {error}.") from error
        return JSONResponse(await take(batch))

    return [
        Route("/internal/v1/snapshot", snapshot, methods=["GET"]),
        Route("/internal/v1/books/{version}", book, methods=["GET"]),
        Route("/internal/v1/events", events, methods=["POST"]),
    ]


def _states(gateways: Gateways) -> Route:
    async def state(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise InvalidInputError(f"The report is larger than {MAX_BODY} bytes.")
        await gateways.hear(bytes(body))
        return Response(status_code=204)

    return Route("/internal/v1/gateway-state", state, methods=["POST"])


def _for_commands(admin: Admin) -> Route:
    async def command(request: Request) -> Response:
        try:
            args = json.loads(await request.body() or b"{}")
        except ValueError as error:
            raise InvalidInputError("The body is not JSON.") from error
        name = request.path_params["command"]
        try:
            return JSONResponse(await admin.run(name, args))
        except QuotahError:
            raise
        except AWAY as error:
            _log.error("control_database_away", command=name, error=type(error).__name__)
            raise UnavailableError(why_away(error)) from error
        except Exception as error:
            # Without the message: those of drivers and parsers quote what they were given.
            _log.error("command_broke", command=name, error=type(error).__name__, at=_where(error))
            raise QuotahError(
                "Something broke inside Quotah while it ran this command; its messages say where."
            ) from error

    return Route("/admin/v1/{command}", command, methods=["POST"])


def _where(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, QuotahError)
    status = 503 if isinstance(error, UnavailableError) else 422
    body = {"code": error.code, "detail": error.message, "field": error.field, "hint": error.hint}
    return JSONResponse(body, status_code=status)
