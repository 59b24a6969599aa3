"""The stand-in's socket: HTTP/1.1 over asyncio, able to break off, dribble and fall silent.

A server that must misbehave on purpose (no status line, half a chunk, a TCP reset) cannot sit
behind one that repairs what it sends, so these few lines speak HTTP themselves: keep-alive, chunked
bodies both ways, ``Expect: 100-continue``. One connection carries one request at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote

from quotah_server.mock.app import MockProvider
from quotah_server.mock.exchange import Reply, Request, Step, json_reply
from quotah_server.mock.ledger import Entry, Ledger

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
_BODYLESS = (204, 304)


class _RefusedError(Exception):
    """The request cannot be read; the connection ends after the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class MockServer:
    """A listening stand-in; ``port`` is the port really taken (useful with port 0)."""

    def __init__(
        self, provider: MockProvider, server: asyncio.Server, open_tasks: set[asyncio.Task[None]]
    ) -> None:
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


class _Connection:
    def __init__(
        self, provider: MockProvider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._provider = provider
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Answer requests until either side ends the connection."""
        try:
            while await self._one_request():
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            return  # the client is gone: there is nobody left to answer
        except _RefusedError as refused:
            await self._refuse(refused)
        finally:
            self._writer.close()

    async def _one_request(self) -> bool:
        try:
            head = _parse_head(await self._reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            raise _RefusedError(431, "the request's headers are longer than 64 KiB") from None
        request = await self._with_body(head.request)
        reply, entry = self._provider.answer(request)
        play = _Play(self._reader, self._writer, self._provider.ledger, reply, entry)
        await play.run(
            chunks_allowed=head.chunks_allowed,
            keep_alive=head.keep_alive,
            head_only=request.method == "HEAD",
        )
        return head.keep_alive and reply.hang_up is None and not self._writer.is_closing()

    async def _with_body(self, request: Request) -> Request:
        headers = request.headers
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await self._read_chunks()
        else:
            length = headers.get("content-length", "0")
            if not length.isdecimal():
                raise _RefusedError(400, "content-length is no number")
            if int(length) > MAX_BODY:
                raise _RefusedError(413, "the request is longer than 64 MiB")
            body = await self._reader.readexactly(int(length)) if int(length) else b""
        return Request(request.method, request.path, request.query, headers, body)

    async def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            try:
                size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
            except (ValueError, asyncio.LimitOverrunError):
                raise _RefusedError(400, "a chunk's size is no number") from None
            if size == 0:
                break
            if len(body) + size > MAX_BODY:
                raise _RefusedError(413, "the request is longer than 64 MiB")
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return bytes(body)

    async def _refuse(self, refused: _RefusedError) -> None:
        reply = json_reply(refused.status, {"error": str(refused)}, [])
        play = _Play(self._reader, self._writer, self._provider.ledger, reply, None)
        with contextlib.suppress(ConnectionError):
            await play.run(chunks_allowed=False, keep_alive=False, head_only=False)


class _Play:
    """One answer on its way out."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ledger: Ledger,
        reply: Reply,
        entry: Entry | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ledger = ledger
        self._reply = reply
        self._entry = entry
        self._sent = 0

    async def run(self, *, chunks_allowed: bool, keep_alive: bool, head_only: bool) -> None:
        """Send the answer at its pace, break it off where it says so, settle its log line.

        Raises ConnectionError when the client is gone.
        """
        reply = self._reply
        chunked = chunks_allowed and _is_chunked(reply)
        try:
            if reply.before_s:
                await asyncio.sleep(reply.before_s)
            if reply.steps:
                self._writer.write(_head(reply, chunked=chunked, keep_alive=keep_alive))
            if not head_only:
                await self._write_steps(chunked=chunked)
            await self._writer.drain()
        except ConnectionError:
            self._settle("client_gone")
            raise
        finally:
            self._settle("cut")
        if reply.hang_up == "reset":
            _set_reset(self._writer)

    async def _write_steps(self, *, chunked: bool) -> None:
        for step in self._reply.steps:
            if step.wait_s:
                await asyncio.sleep(step.wait_s)
            if self._reader.at_eof() or self._writer.is_closing():
                raise ConnectionResetError
            if step.settles:
                self._settle("complete")
            await self._write_step(step, chunked=chunked)
            self._sent += step.delta
        if chunked and self._reply.hang_up is None:
            self._writer.write(b"0\r\n\r\n")

    async def _write_step(self, step: Step, *, chunked: bool) -> None:
        size = self._reply.write_bytes or max(len(step.data), 1)
        for start in range(0, len(step.data), size):
            piece = step.data[start : start + size]
            self._writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await self._writer.drain()
            if self._reply.write_pause_s:
                await asyncio.sleep(self._reply.write_pause_s)

    def _settle(self, outcome: str) -> None:
        bill = self._reply.bill
        if self._entry is None or bill is None:
            return
        whole = outcome == "complete" or not bill.streaming
        usage = bill.usage if whole else bill.usage_at(self._sent)
        self._ledger.settle(self._entry, outcome, usage)


class _Head(NamedTuple):
    request: Request
    chunks_allowed: bool
    keep_alive: bool


def _is_chunked(reply: Reply) -> bool:
    return reply.stream or reply.write_bytes is not None


def _head(reply: Reply, *, chunked: bool, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if chunked:
        lines.append("transfer-encoding: chunked")
    elif not reply.stream and reply.status not in _BODYLESS:
        length = reply.declared_length or sum(len(step.data) for step in reply.steps)
        lines.append(f"content-length: {length}")
    if not keep_alive:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _parse_head(head: bytes) -> _Head:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not target or version not in ("HTTP/1.0", "HTTP/1.1"):
        raise _RefusedError(400, "not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        name, sign, value = line.partition(":")
        if not sign:
            raise _RefusedError(400, "a header line holds no colon")
        headers[name.lower()] = value.strip()
    path, _, query = target.partition("?")
    modern = version == "HTTP/1.1"
    return _Head(
        request=Request(method, unquote(path), query, headers, b""),
        chunks_allowed=modern,
        keep_alive=modern and headers.get("connection", "").lower() != "close",
    )


def _set_reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
