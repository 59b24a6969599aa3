"""Clients that send and read bytes as a test decides, and a server for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from gateway.rig import free_port

from quotah_server.gateway.clients import Clients, Patience
from quotah_server.gateway.request import Request
from quotah_server.gateway.server import Server

Handle = Callable[[Request], Awaitable[None]]
Connect = Callable[[], Awaitable["Peer"]]


class Peer:
    """A client that sends and reads bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(end)

    async def all(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()


@contextlib.asynccontextmanager
async def serving(
    handle: Handle, *, clients: Clients | None = None, patience: Patience | None = None
) -> AsyncGenerator[Connect]:
    async def handler(request: Request, answer: Request) -> None:
        assert answer is request
        await handle(request)

    port = free_port()
    server = Server(handler, "127.0.0.1", port, clients=clients, patience=patience or Patience())
    running = asyncio.create_task(server.serve())
    peers: list[Peer] = []

    async def connect() -> Peer:
        for _ in range(1000):
            try:
                peers.append(Peer(*await asyncio.open_connection("127.0.0.1", port)))
                return peers[-1]
            except ConnectionRefusedError:
                await asyncio.sleep(0.005)
        raise AssertionError("the server does not listen")

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.transport.abort()
        server.stop()
        async with asyncio.timeout(10):
            await running


async def echo(request: Request) -> None:
    body = b"".join([part async for part in request])
    said = f"{request.method} {request.path}?{request.query_string} ".encode() + body
    request.response_bytes(200, [("content-type", "text/plain")], said)
