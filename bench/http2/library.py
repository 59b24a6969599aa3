"""HTTP/2 with the ``h2`` library on our event loop: as little around it as an honest client needs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

import h2.config
import h2.connection
import h2.events

Take = Callable[[bytes], bool]


class LibraryClient(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        self._machine = h2.connection.H2Connection(config)
        self._heads: dict[int, asyncio.Future[Any]] = {}
        self._ends: dict[int, asyncio.Future[None]] = {}
        self._takes: dict[int, Take] = {}
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._machine.initiate_connection()
        self._machine.increment_flow_control_window(16 * 1024 * 1024)
        self._transport.write(self._machine.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self._machine.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                size = event.flow_controlled_length
                self._machine.acknowledge_received_data(size, event.stream_id)
                self._takes[event.stream_id](event.data)
            elif isinstance(event, h2.events.ResponseReceived):
                self._heads[event.stream_id].set_result(event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                self._ends[event.stream_id].set_result(None)
        self._transport.write(self._machine.data_to_send())

    async def call(
        self, target: str, authority: str, headers: list[tuple[str, str]], body: bytes, take: Take
    ) -> None:
        """One exchange; data goes to ``take`` as it is read."""
        stream = self._machine.get_next_available_stream_id()
        self._heads[stream] = self._loop.create_future()
        self._ends[stream] = self._loop.create_future()
        self._takes[stream] = take
        fields = [(":method", "POST"), (":scheme", "https"), (":authority", authority),
                  (":path", target), *headers, ("content-length", str(len(body)))]  # fmt: skip
        self._machine.send_headers(stream, fields)
        self._machine.send_data(stream, body, end_stream=True)
        self._transport.write(self._machine.data_to_send())
        await self._heads[stream]
        await self._ends[stream]
        del self._heads[stream], self._ends[stream], self._takes[stream]


async def connect(port: int, certificate: str) -> LibraryClient:
    """A connection that speaks HTTP/2."""
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["h2"])
    _, client = await asyncio.get_running_loop().create_connection(
        LibraryClient, "127.0.0.1", port, ssl=context, server_hostname="127.0.0.1"
    )
    return client
