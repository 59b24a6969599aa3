"""Listens for clients of the gateway, and lets go of those that hold a connection for nothing."""

from __future__ import annotations

import asyncio
import os
import socket

from quotah_server.gateway.clients import Clients, Patience
from quotah_server.gateway.inbound import Handler, Inbound

_BACKLOG = 1024
_UNSENT_BYTES = 128 * 1024


class Server:
    """HTTP/1.1 on host and port. ``serve`` runs until ``stop`` and until the last answer has ended.

    clients: how many there may be. patience: how long they may take.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        *,
        clients: Clients | None = None,
        patience: Patience = Patience(),  # noqa: B008 -- immutable
    ) -> None:
        self._handler, self._host, self._port = handler, host, port
        self.clients = clients or Clients()
        self._patience = patience
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Listen; raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Inbound(loop, self._handler, self.clients),
            self._host, self._port, backlog=_BACKLOG, start_serving=True,
        )  # fmt: skip
        for listening in server.sockets:
            _bound_unsent(listening.fileno())
        try:
            while not self._stop.is_set():
                try:
                    async with asyncio.timeout(self._patience.look_s):
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
        for client in tuple(self.clients.open):
            client.look(now, self._patience)

    async def _let_end(self) -> None:
        while self.clients.open:
            for client in tuple(self.clients.open):
                client.stopping = True
                if client.idle:
                    client.close()
            await asyncio.sleep(0.02)


def _bound_unsent(listening: int) -> None:
    """Let the system take no more of an answer than it can soon send, on all connections that come
    from there: what a client does not read would else pile up in it by megabytes."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with socket.socket(fileno=os.dup(listening)) as same:
            same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
