"""A small HTTP server on loopback that answers as it is told and remembers who asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Upstream:
    """answer: the raw bytes of every answer. heard: the head of each request. bodies: of those that
    had one."""

    def __init__(self) -> None:
        self.answer = reply(200, b'{"data": []}')
        self.heard: list[str] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def origin(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heard.append(head)
            length = re.search(r"(?im)^content-length: (\d+)", head)
            if length:
                self.bodies.append(await reader.readexactly(int(length.group(1))))
            writer.write(self.answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.heard.append("")
        finally:
            writer.close()


def reply(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """Run one for the length of a block."""
    found = Upstream()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found
