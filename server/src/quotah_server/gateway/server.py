"""Listens for clients of the gateway, and lets go of those that hold a connection for nothing."""

from __future__ import annotations

import asyncio

from quotah_server.gateway.clients import Clients, Patience
from quotah_server.gateway.inbound import Handler, Inbound

_BACKLOG = 1024


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
