"""One connection of a client, on the event loop itself: requests in, answers out.

llhttp (httptools) reads HTTP/1.1, strictly. What a request asks is shown to the gateway in RSGI's
shape. A body is read no further ahead than its reader follows; what the client does not take is
bounded. Answers are written as given: by length where one is known, else in chunks.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote

import httptools

from quotah_server.gateway.connection import NAMES, lower_name

HeaderList = list[tuple[str, str]]
_HEAD_BYTES = 128 * 1024
_AHEAD_BYTES = 256 * 1024
_UNSENT_BYTES = 1024 * 1024
_LINGER_S = 2.0
_BODILESS = frozenset({204, 304})
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_BAD = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Handler = Callable[["Request", "Request"], Awaitable[None]]
"""Called with what is asked and with where to answer, which are the same object here."""


class Headers:
    """The headers of a request: names in lower case; a value that is no ASCII text is left out."""

    __slots__ = ("_items",)

    def __init__(self, items: HeaderList) -> None:
        self._items = items

    def get(self, key: str, default: str | None = None) -> str | None:
        """The first value of a header."""
        for name, value in self._items:
            if name == key:
                return value
        return default

    def items(self) -> HeaderList:
        """All headers in the order in which they came."""
        return self._items


class Request:
    """One request, and the way to answer it (RSGI's scope and protocol)."""

    __slots__ = (
        "_connection", "_continue", "_left", "_news", "_parts", "answered", "broken", "chunked",
        "client", "headers", "is_head", "keep", "method", "path", "proto", "query_string", "size",
        "whole",
    )  # fmt: skip

    def __init__(
        self, connection: Inbound, method: str, target: bytes, headers: HeaderList, keep: bool
    ) -> None:
        self._connection = connection
        self.proto = "http"
        self.method = method
        self.is_head = method == "HEAD"
        self.client = connection.client
        self.headers = Headers(headers)
        self.path, self.query_string = _parts_of(target)
        self.keep = keep
        self.answered = False
        self.chunked = False
        self.size = 0
        self._left: int | None = None
        self._continue = False
        self._parts: list[bytes] = []
        self.whole = False
        self.broken = False
        self._news: asyncio.Future[None] | None = None

    # The body that is read.

    async def __call__(self) -> bytes:
        """The whole body; raises RuntimeError when the client goes away before its end."""
        return b"".join([part async for part in self])

    def __aiter__(self) -> Request:
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self.whole:
                raise StopAsyncIteration
            if self.broken or self._connection.gone:
                raise RuntimeError("the request ends before its end")
            if self._continue:
                self._continue = False
                self._connection.write(_CONTINUE)
            self._connection.read_on()
            self._news = self._connection.loop.create_future()
            await self._news
        found = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts, self.size = [], 0
        return found

    def took(self, part: bytes) -> None:
        """A part of the body came."""
        self._parts.append(part)
        self.size += len(part)
        self.wake()

    def ended(self) -> None:
        """The body is whole."""
        self.whole = True
        self.wake()

    def expects_continue(self) -> None:
        """The client sends its body once it is asked for."""
        self._continue = True

    def wake(self) -> None:
        """Something changed for whoever reads the body."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    # The answer.

    def response_empty(self, status: int, headers: HeaderList) -> None:
        """Answer without a body; to HEAD, with the length that the body would have."""
        self._begin(status, headers, None if self.is_head or status in _BODILESS else 0, b"")
        self._left = 0

    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Answer at once."""
        bodiless = status in _BODILESS
        self._begin(status, headers, None if bodiless else len(body), b"" if bodiless else body)
        self._left = 0

    def response_stream(self, status: int, headers: HeaderList) -> Request:
        """Begin an answer that comes in pieces; its end is the return of the handler."""
        sized = next((value for name, value in headers if name == "content-length"), None)
        self._left = int(sized) if sized is not None and sized.isdigit() else None
        if self.is_head or status in _BODILESS:
            self._left = 0
        elif self._left is None:
            self.chunked = self._connection.speaks_1_1
            self.keep = self.keep and self.chunked
        self._begin(status, headers, None, b"")
        return self

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece; raises RuntimeError once the client has gone away."""
        connection = self._connection
        if connection.gone:
            raise RuntimeError("the client has gone away")
        if self.chunked:
            if data:
                connection.write(b"%x\r\n%s\r\n" % (len(data), data))
        elif self._left is None:
            connection.write(data)
        else:
            data = data[: self._left]
            self._left -= len(data)
            if data:
                connection.write(data)
        if connection.full is not None:
            await connection.full

    def cut(self) -> None:
        """End the answer visibly incomplete, after what was sent."""
        self.chunked = self.keep = False
        self._connection.close()

    def finish(self) -> None:
        """The handler has returned."""
        if not self.answered:
            self.response_bytes(500, [], b"")
        if self.chunked:
            self._connection.write(b"0\r\n\r\n")
        if self._left or not self.whole:
            # The answer is shorter than announced, or the rest of the request was not wanted.
            self.keep = False

    def _begin(self, status: int, headers: HeaderList, length: int | None, body: bytes) -> None:
        if self.answered:
            return
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        if length is not None:
            lines.append(f"content-length: {length}\r\n")
        if self.chunked:
            lines.append("transfer-encoding: chunked\r\n")
        if not self.keep or not self.whole or self._connection.stopping:
            self.keep = False
            lines.append("connection: close\r\n")
        elif not self._connection.speaks_1_1:
            lines.append("connection: keep-alive\r\n")
        head = "".join(lines)
        if head.count("\n") != len(lines) or head.count("\r") != len(lines):
            raise ValueError("a header of the answer holds a line break")
        self.answered = True
        if not any(name == "date" for name, _ in headers):
            head += _date()
        first = _LINES.get(status) or f"HTTP/1.1 {status} \r\n"
        data = f"{first}{head}\r\n".encode("latin-1")
        self._connection.write(data if self.is_head else data + body)


class Inbound(asyncio.Protocol):
    """Serves one connection, one request after the other. known: every connection that is open."""

    __slots__ = (
        "_deaf", "_handler", "_head", "_headers", "_known", "_newest", "_parser", "_paused",
        "_resumed", "_running", "_target", "_transport", "_waiting", "client", "full", "gone",
        "loop", "quiet_since", "speaks_1_1", "stopping",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handler: Handler, known: set[Inbound]
    ) -> None:
        self.loop = loop
        self._handler = handler
        self._known = known
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._running: asyncio.Task[None] | None = None
        self._waiting: deque[Request] = deque()
        self._newest: Request | None = None
        self._headers: HeaderList = []
        self._target = b""
        self._head = 0
        self._paused = False
        self._resumed = False
        self._deaf = False
        self.client = ""
        self.full: asyncio.Future[None] | None = None
        self.gone = False
        self.speaks_1_1 = True
        self.stopping = False
        self.quiet_since = loop.time()

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return self._running is None

    @property
    def reads_head(self) -> bool:
        """Whether a request has begun to come whose head is not whole."""
        return self._head > 0

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._transport is not None and not self.gone:
            self._transport.write(data)

    def read_on(self) -> None:
        """Go on reading the body that somebody waits for."""
        if self._paused and self._transport is not None and not self.gone:
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Close after what was written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        peer = transport.get_extra_info("peername")
        self.client = f"{peer[0]}:{peer[1]}" if peer else ""
        self._known.add(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._newest is None or self._newest.whole:
            if not self._head:
                self.quiet_since = self.loop.time()
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._pass_over_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if self._head > _HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._newest is not None and self._newest.size > _AHEAD_BYTES:
            self._pause()

    def eof_received(self) -> None:
        """A client that says no more is taken to be gone."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone = True
        self._known.discard(self)
        self._waiting.clear()
        self.resume_writing()
        if self._newest is not None:
            self._newest.wake()

    def pause_writing(self) -> None:
        self.full = self.loop.create_future()

    def resume_writing(self) -> None:
        if self.full is not None:
            if not self.full.done():
                self.full.set_result(None)
            self.full = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._headers = []
        self._target = b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if value.isascii():
            self._headers.append((NAMES.get(name) or lower_name(name), value.decode("ascii")))

    def on_headers_complete(self) -> None:
        if self._resumed:
            return
        self._head = 0
        parser = self._parser
        self.speaks_1_1 = parser.get_http_version() == "1.1"
        method = parser.get_method().decode("ascii")
        request = Request(self, method, self._target, self._headers, parser.should_keep_alive())
        self._newest = request
        expected = request.headers.get("expect")
        if expected is not None and expected.lower() == "100-continue":
            request.expects_continue()
        if self._running is None and not self._waiting:
            self._start(request)
        else:
            self._waiting.append(request)
            self._pause()

    def on_body(self, body: bytes) -> None:
        if self._newest is not None:
            self._newest.took(body)

    def on_message_complete(self) -> None:
        if not self._resumed and self._parser.should_upgrade():
            return  # see _pass_over_upgrade
        self._resumed = False
        if self._newest is not None:
            self._newest.ended()

    def _start(self, request: Request) -> None:
        self._running = self.loop.create_task(self._serve(request))

    async def _serve(self, request: Request) -> None:
        try:
            await self._handler(request, request)
            request.finish()
        except BaseException:
            self.abort()
            raise
        finally:
            self._running = None
            self.quiet_since = self.loop.time()
        if self.gone:
            return
        if not request.keep:
            if request.whole:
                self.close()
            else:
                self._linger()
        elif self._waiting:
            self._start(self._waiting.popleft())
        else:
            self.read_on()

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _linger(self) -> None:
        """Close, but let the client read the answer first: closing on unread bytes would destroy it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._deaf = True
        self.read_on()
        transport.write_eof()
        self.loop.call_later(_LINGER_S, self.abort)

    def _refuse(self, status: HTTPStatus) -> None:
        """What came is no HTTP, or too much of it."""
        self._deaf = True
        if self._running is None:
            self.write(_BAD % f"{status.value} {status.phrase}".encode())
            self._linger()
        elif self._newest is not None:
            self._newest.keep = False
            self._newest.broken = True
            self._newest.wake()

    def _pass_over_upgrade(self, rest: bytes) -> None:
        """A request that also offers another protocol is served in this one.

        The parser takes what follows for the other protocol; a fresh one is told of a body instead.
        """
        request = self._newest
        if request is None or request.method == "CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        sizes = [(n, v) for n, v in self._headers if n in ("content-length", "transfer-encoding")]
        head = "".join(f"{name}: {value}\r\n" for name, value in sizes)
        self._parser = httptools.HttpRequestParser(self)
        self._resumed = True
        self.data_received(f"POST / HTTP/1.1\r\n{head}\r\n".encode() + rest)


def _parts_of(target: bytes) -> tuple[str, str]:
    """Path, percent-decoded, and query of a request target."""
    text = target.decode("ascii", "replace").partition("#")[0]
    if not text.startswith("/"):
        _, scheme, below = text.partition("://")
        text = f"/{below.partition('/')[2]}" if scheme else text
    path, _, query = text.partition("?")
    return unquote(path) if "%" in path else path, query


_now = [0.0]
_stamp = [""]


def _date() -> str:
    """The header that tells the time of an answer, made once a second."""
    now = time.time() // 1
    if now != _now[0]:
        _now[0] = now
        _stamp[0] = f"date: {formatdate(now, usegmt=True)}\r\n"
    return _stamp[0]
