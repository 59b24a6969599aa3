"""One connection of a client, on the event loop itself: requests in, answers out.

llhttp (httptools) reads HTTP/1.1, strictly. A body is read no further ahead than its reader
follows; what the client does not take is bounded.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from operator import itemgetter
from typing import cast

import httptools

from quotah_server.gateway.clients import Clients, Patience
from quotah_server.gateway.connection import NAMES, NOWHERE, lower_name
from quotah_server.gateway.request import HeaderList, Headers, Request, parts_of

_HEAD_BYTES = 128 * 1024
_HEADERS_MAX = 500
_AHEAD_BYTES = 256 * 1024
_WAITING_MAX = 4
"""Requests sent ahead that are read while another is under way, so that it is noticed at once that a
client has gone. Of who sends more, it is noticed when connections are looked at."""
_UNSENT_BYTES = 128 * 1024
_LINGER_S = 2.0
_LINGERING_MAX = 256
_REFUSED = frozenset({"CONNECT", "TRACE"})
"""TRACE would tell a client the provider's key, which goes along with its request."""
_BAD = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

_BUSY_BODY = (
    b'{"error":{"type":"api_error","code":"too_many_connections","message":"Too many clients are '
    b'connected to this Quotah gateway; try again."}}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
) % (len(_BUSY_BODY), _BUSY_BODY)

_TCP_INFO = socket.TCP_INFO if sys.platform == "linux" else 0
_LEFT = b"\x07\x08"
"""Closed, by a reset, and half closed, by the other end."""

_name_of = itemgetter(0)

Handler = Callable[[Request, Request], Awaitable[None]]
"""Called with what is asked and with where to answer, which are the same object here."""


class Inbound(asyncio.Protocol):
    """Serves one connection, one request after the other. clients: every connection that is open."""

    __slots__ = (
        "_clients", "_deaf", "_fault", "_handler", "_head", "_headers", "_newest", "_parser",
        "_paused", "_resumed", "_running", "_seen", "_since", "_target", "_transport", "_waiting",
        "client", "full", "gone", "loop", "on_gone", "quiet_since", "speaks_1_1", "stopping",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, handler: Handler, clients: Clients) -> None:
        self.loop = loop
        self._handler = handler
        self._clients = clients
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
        self._fault = HTTPStatus.BAD_REQUEST
        self._seen = 0
        self._since = 0.0
        self.client = ""
        self.full: asyncio.Future[None] | None = None
        self.gone = False
        self.on_gone: Callable[[], None] | None = None
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
        if not self._paused or len(self._waiting) >= _WAITING_MAX:
            return
        if self._transport is not None and not self.gone:
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

    def look(self, now: float, patience: Patience) -> None:
        """Let go of a client that keeps us waiting for too long, or that has gone unseen."""
        if self._paused and self._has_left():
            self.abort()
        elif self._running is None:
            reads_head = self._head > 0
            if now - self.quiet_since > (patience.head_s if reads_head else patience.idle_s):
                if reads_head and not self._deaf:
                    self._refuse(HTTPStatus.REQUEST_TIMEOUT)
                else:
                    self.abort()
        elif self.full is not None:
            assert self._transport is not None
            if self._moved(self._transport.get_write_buffer_size(), 1, now, patience.stuck_s):
                self.abort()
        elif self._newest is not None and self._newest.is_awaited:
            came = -self._newest.came
            if self._moved(came, patience.body_bytes, now, patience.body_s):
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._since = 0.0

    def _moved(self, left: int, step: int, now: float, limit_s: float) -> bool:
        """Whether what is left has not gone down by a step for too long."""
        if not self._since or left > self._seen or self._seen - left >= step:
            self._seen, self._since = left, now
            return False
        return now - self._since > limit_s

    def _has_left(self) -> bool:
        """Whether a client of which nothing more is read has closed its end: the system knows."""
        if not _TCP_INFO or self._transport is None or self._transport.is_closing():
            return False
        held = self._transport.get_extra_info("socket")
        return held.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] in _LEFT

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        peer = transport.get_extra_info("peername")
        self.client = f"{peer[0]}:{peer[1]}" if peer else ""
        if not self._clients.came(self):
            self._turn_away()

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
            self._refuse(self._fault)
            return
        if self._head > _HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._newest is not None and self._newest.size > _AHEAD_BYTES:
            self._pause()

    def eof_received(self) -> None:
        """A client that says no more is taken to be gone."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone = True
        self._clients.left(self)
        self._waiting.clear()
        self.resume_writing()
        if self._newest is not None:
            self._newest.wake()
        if self.on_gone is not None:
            self.on_gone()

    def pause_writing(self) -> None:
        self._since = 0.0
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
        try:
            self._headers.append((NAMES[name], value.decode("ascii")))
        except (KeyError, UnicodeDecodeError):
            if value.isascii():
                self._headers.append((lower_name(name), value.decode("ascii")))

    def on_headers_complete(self) -> None:
        if self._resumed:
            return
        self._head = 0
        parser, headers = self._parser, self._headers
        self._headers = NOWHERE
        version = parser.get_http_version()
        self.speaks_1_1 = version == "1.1"
        method = parser.get_method().decode("ascii")
        if len(headers) > _HEADERS_MAX:
            self._fail(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self.speaks_1_1 and version != "1.0":
            self._fail(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        if method in _REFUSED:
            self._fail(HTTPStatus.METHOD_NOT_ALLOWED)
        path, query = parts_of(self._target)
        request = Request(
            self, method, path, query, self.client, Headers(headers), parser.should_keep_alive(),
            method == "HEAD",
        )  # fmt: skip
        self._newest = request
        if "expect" in map(_name_of, headers):
            expected = request.headers.get("expect")
            if expected is not None and expected.lower() == "100-continue":
                request.expects_continue()
        if self._running is None and not self._waiting:
            self._start(request)
        else:
            self._waiting.append(request)
            if len(self._waiting) >= _WAITING_MAX:
                self._pause()

    def on_chunk_header(self) -> None:
        """A body comes in chunks. If it is coded in yet another way, or HTTP/1.0 sends it, others on
        its way may have read it differently."""
        request = self._newest
        if self._resumed or request is None or request.came:
            return
        coding = request.headers.get("transfer-encoding", "")
        if not self.speaks_1_1 or coding is None or coding.strip().lower() != "chunked":
            self._fail(HTTPStatus.BAD_REQUEST)

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
        self._clients.idle.pop(self, None)
        self._running = self.loop.create_task(self._serve(request))

    async def _serve(self, request: Request) -> None:
        try:
            await self._handler(request, request)
            request.finish()
        except BaseException:
            self.abort()
            raise
        finally:
            self._running = self.on_gone = None
            self.quiet_since = self.loop.time()
        if self.gone:
            return
        self._clients.idle[self] = None
        if not request.keep:
            if request.whole:
                self.close()
            else:
                self._linger()
        elif self._waiting:
            self._start(self._waiting.popleft())
        else:
            self.read_on()

    def _fail(self, status: HTTPStatus) -> None:
        self._fault = status
        raise ValueError(status.phrase)

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _turn_away(self) -> None:
        """There are too many clients, and all of them have a request under way."""
        self._deaf = True
        self.write(_BUSY)
        if len(self._clients.away) > _LINGERING_MAX:
            self.abort()
        else:
            self._linger()

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
        items = request.headers.items()
        sizes = [(n, v) for n, v in items if n in ("content-length", "transfer-encoding")]
        head = "".join(f"{name}: {value}\r\n" for name, value in sizes)
        self._parser = httptools.HttpRequestParser(self)
        self._resumed = True
        self.data_received(f"POST / HTTP/1.1\r\n{head}\r\n".encode() + rest)
