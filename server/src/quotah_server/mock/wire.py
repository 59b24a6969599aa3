"""The stand-in's socket: HTTP/1.1 over asyncio, able to break off, dribble and fall silent.

A server that must misbehave on purpose (no status line, half a chunk, a TCP reset) cannot sit behind
one that repairs what it sends, so these few lines speak HTTP themselves: keep-alive, chunked bodies
both ways, ``Expect: 100-continue``. One connection carries one request at a time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from quotah_server.mock.app import MockProvider
from quotah_server.mock.exchange import Reply, Request, Step, json_reply
from quotah_server.mock.ledger import Entry

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
_BODYLESS = (204, 304)


class _Refused(Exception):
    """The request cannot be read; the connection ends after the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class MockServer:
    """A listening stand-in; ``port`` is the port really taken (useful with port 0)."""

    def __init__(
        self, provider: MockProvider, server: asyncio.Server, open_tasks: set[asyncio.Task[None]]
    ):
        self.provider = provider
        self._server = server
        self._open = open_tasks
        self.port: int = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, end open connections, close the log file."""
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        self.provider.ledger.close()


async def serve(provider: MockProvider, host: str = "127.0.0.1", port: int = 0) -> MockServer:
    """Listen on host and port (0: any free one) within the running event loop.

    Raises OSError when the port is in use.
    """
    open_tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_tasks.add(task)
            task.add_done_callback(open_tasks.discard)
        try:
            await _Connection(provider, reader, writer).run()
        except asyncio.CancelledError:
            return  # only close() cancels a connection, and asyncio would log a cancelled handler

    server = await asyncio.start_server(connected, host, port, limit=MAX_HEAD, backlog=1024)
    return MockServer(provider, server, open_tasks)


async def serve_until(
    provider: MockProvider,
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until ``stop`` is set; ``ready`` is called with the port once connections are taken."""
    server = await serve(provider, host, port)
    try:
        if ready is not None:
            ready(server.port)
        await stop.wait()
    finally:
        await server.close()


class _Connection:
    def __init__(
        self, provider: MockProvider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._writer = writer
        self._old_http = False

    async def run(self) -> None:
        """Answer requests until either side ends the connection."""
        try:
            while await self._one_request():
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        except _Refused as refused:
            await self._refuse(refused)
        finally:
            self._writer.close()

    async def _one_request(self) -> bool:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _Refused(431, "the request's headers are longer than 64 KiB") from None
        request, keep_alive = _parse_head(head)
        self._old_http = not keep_alive and request.headers.get(":version") == "1.0"
        request = await self._with_body(request)
        reply, entry = self._provider.answer(request)
        try:
            await self._play(
                reply, entry, head_only=request.method == "HEAD", keep_alive=keep_alive
            )
        except (ConnectionError, asyncio.CancelledError):
            if entry is not None and reply.bill is not None:
                self._provider.ledger.settle(entry, "client_gone", entry.usage)
            raise
        return keep_alive and reply.hang_up is None and not self._writer.is_closing()

    async def _with_body(self, request: Request) -> Request:
        headers = request.headers
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await self._read_chunks()
        else:
            length = headers.get("content-length", "0")
            if not length.isdecimal():
                raise _Refused(400, "content-length is no number")
            if int(length) > MAX_BODY:
                raise _Refused(413, "the request is longer than 64 MiB")
            body = await self._reader.readexactly(int(length)) if int(length) else b""
        return Request(request.method, request.path, request.query, headers, body)

    async def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = (await self._reader.readuntil(b"\r\n")).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise _Refused(400, "a chunk's size is no number") from None
            if size == 0:
                break
            if len(body) + size > MAX_BODY:
                raise _Refused(413, "the request is longer than 64 MiB")
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return bytes(body)

    async def _refuse(self, refused: _Refused) -> None:
        reply = json_reply(refused.status, {"error": str(refused)}, [])
        try:
            await self._play(reply, None, head_only=False, keep_alive=False)
        except ConnectionError:
            pass

    async def _play(
        self, reply: Reply, entry: Entry | None, *, head_only: bool, keep_alive: bool
    ) -> None:
        if reply.before_s:
            await asyncio.sleep(reply.before_s)
        if reply.steps:
            chunked = not self._old_http and _is_chunked(reply)
            self._writer.write(_head(reply, chunked=chunked, keep_alive=keep_alive))
            if not head_only:
                await self._play_steps(reply, entry, chunked=chunked)
        elif entry is not None:
            self._settle(reply, entry, 0.0)
        await self._writer.drain()
        if reply.hang_up == "reset":
            _set_reset(self._writer)

    async def _play_steps(self, reply: Reply, entry: Entry | None, *, chunked: bool) -> None:
        total = sum(step.delta for step in reply.steps)
        sent = 0
        for step in reply.steps:
            if step.wait_s:
                await asyncio.sleep(step.wait_s)
            if self._reader.at_eof() or self._writer.is_closing():
                if entry is not None:
                    self._settle(reply, entry, sent / total if total else 0.0, "client_gone")
                raise ConnectionResetError
            if step.settles and entry is not None:
                self._settle(reply, entry, 1.0)
            await self._write_step(step, reply.write_bytes, chunked=chunked)
            sent += step.delta
        if entry is not None:
            self._settle(reply, entry, sent / max(total, 1))
        if chunked and reply.hang_up is None:
            self._writer.write(b"0\r\n\r\n")

    async def _write_step(self, step: Step, size: int | None, *, chunked: bool) -> None:
        pieces = [step.data]
        if size is not None:
            pieces = [step.data[i : i + size] for i in range(0, len(step.data), size)]
        for piece in pieces:
            if piece:
                self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                await self._writer.drain()

    def _settle(self, reply: Reply, entry: Entry, share: float, outcome: str | None = None) -> None:
        if reply.bill is None:
            return
        usage = reply.bill.usage if share == 1.0 else reply.bill.usage_at(share)
        self._provider.ledger.settle(entry, outcome or "complete", usage)


def _is_chunked(reply: Reply) -> bool:
    return reply.stream or reply.write_bytes is not None


def _head(reply: Reply, *, chunked: bool, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if chunked:
        lines.append("transfer-encoding: chunked")
    elif not reply.stream and reply.status not in _BODYLESS:
        length = sum(len(step.data) for step in reply.steps)
        lines.append(f"content-length: {length}")
    if not keep_alive:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _parse_head(head: bytes) -> tuple[Request, bool]:
    """The request without its body, and whether the connection stays open after it."""
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _Refused(400, "not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, sign, value = line.partition(":")
        if not sign:
            raise _Refused(400, "a header line holds no colon")
        headers[name.lower()] = value.strip()
    target, _, query = words[1].partition("?")
    wish = headers.get("connection", "").lower()
    keep_alive = wish != "close" if words[2] == "HTTP/1.1" else wish == "keep-alive"
    if words[2] == "HTTP/1.0":
        headers[":version"] = "1.0"
    return Request(words[0], unquote(target), query, headers, b""), keep_alive


def _set_reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
