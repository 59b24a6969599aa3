"""Listens for clients of the gateway, and lets go of those that hold a connection for nothing."""

from __future__ import annotations

import asyncio

from quotah_server.gateway.inbound import Handler, Inbound

_BACKLOG = 1024
_LOOK_S = 5.0
_HEAD_S = 30.0
"""Longest time for the head of a request, once it has begun."""
_IDLE_S = 120.0
"""How long a connection without a request is kept."""


class Server:
    """HTTP/1.1 on host and port. ``serve`` runs until ``stop`` and until the last answer has ended."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler, self._host, self._port = handler, host, port
        self._open: set[Inbound] = set()
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Listen; raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Inbound(loop, self._handler, self._open),
            self._host, self._port, backlog=_BACKLOG, start_serving=True,
        )  # fmt: skip
        try:
            while not self._stop.is_set():
                try:
                    async with asyncio.timeout(_LOOK_S):
                        await self._stop.wait()
                except TimeoutError:
                    self._look_around(loop.time())
        finally:
            server.close()
        await self._let_end()

    def stop(self) -> None:
        """Listen no longer; requests under way go on."""
        self._stop.set()

    def _look_around(self, now: float) -> None:
        for connection in tuple(self._open):
            if connection.idle:
                limit = _HEAD_S if connection.reads_head else _IDLE_S
                if now - connection.quiet_since > limit:
                    connection.abort()

    async def _let_end(self) -> None:
        while self._open:
            for connection in tuple(self._open):
                connection.stopping = True
                if connection.idle:
                    connection.close()
            await asyncio.sleep(0.02)
