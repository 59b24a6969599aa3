"""GET /live: server-sent events, one per finished run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from quotah_server.domain.errors import UnavailableError
from quotah_server.features.live.hub import Hub
from quotah_server.http.deps import Scoped, part
from quotah_server.http.problem import problems

router = APIRouter(prefix="/live", tags=["runs"])
HEARTBEAT_S = 15.0
_STREAM = {"description": "`event: run` with a run as data", "content": {"text/event-stream": {}}}


@router.get(
    "",
    operation_id="live",
    response_class=Response,
    responses={200: _STREAM, **problems(401, 403, 404, 503)},
)
async def live(access: Scoped, hub: Annotated[Hub, Depends(part(Hub))]) -> StreamingResponse:
    """Runs of the workspace as they end. A comment every 15 seconds keeps the line open."""
    stream = _messages(hub, access.workspace_id)
    first = await anext(stream)
    return StreamingResponse(
        _chained(first, stream),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _chained(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    try:
        yield first
        async for message in rest:
            yield message
    finally:
        await rest.aclose()


async def _messages(hub: Hub, workspace_id: str) -> AsyncGenerator[bytes]:
    async with hub.subscribe(workspace_id) as watcher:
        if watcher is None:
            raise UnavailableError("too many watch this workspace", retry_after_s=30)
        # The first bytes tell the client that it is subscribed: what it asks for now misses nothing.
        yield b": watching\n\n"
        while not watcher.closed:
            message = await watcher.next(HEARTBEAT_S)
            if message is not None:
                yield b"event: run\ndata: " + message + b"\n\n"
            elif not watcher.closed:
                yield b": still here\n\n"
