"""One request of a client, and the way to answer it, in RSGI's shape."""

from __future__ import annotations

import asyncio
import re
import string
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

import msgspec

HeaderList = list[tuple[str, str]]
_BODILESS = frozenset({204, 304})
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_NEEDS_NO_ESCAPE = frozenset(string.ascii_letters + string.digits + "-._~:@!$&'()*+,;=")
_line = ": ".join
_REMEMBERED, _REMEMBERED_LENGTH = 512, 200
_places: dict[bytes, tuple[str, str]] = {}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Line(Protocol):
    """The connection, as far as a request knows it. full: set while too much is unsent."""

    loop: asyncio.AbstractEventLoop
    client: str
    full: asyncio.Future[None] | None
    gone: bool
    on_gone: Callable[[], None] | None
    speaks_1_1: bool
    stopping: bool

    def write(self, data: bytes) -> None: ...
    def read_on(self) -> None: ...
    def close(self) -> None: ...


class Headers(msgspec.Struct, eq=False):
    """The headers of a request: names in lower case; a value that is no ASCII text is left out."""

    _items: HeaderList

    def get(self, key: str, default: str | None = None) -> str | None:
        """The first value of a header."""
        for name, value in self._items:
            if name == key:
                return value
        return default

    def items(self) -> HeaderList:
        """All headers in the order in which they came."""
        return self._items


class Request(msgspec.Struct, eq=False):
    """One request, and the way to answer it (RSGI's scope and protocol)."""

    _connection: Line
    method: str
    path: str
    query_string: str
    client: str
    headers: Headers
    keep: bool
    is_head: bool = False
    proto: str = "http"
    answered: bool = False
    chunked: bool = False
    size: int = 0
    came: int = 0
    _left: int | None = None
    _continue: bool = False
    _parts: list[bytes] = []
    whole: bool = False
    broken: bool = False
    _news: asyncio.Future[None] | None = None

    # The body that is read.

    async def __call__(self) -> bytes:
        """The whole body; raises RuntimeError when the client goes away before its end."""
        if self.whole and len(self._parts) == 1:
            return self._parts.pop()
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

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for more of the body. ``came``: bytes of it so far."""
        return not self.whole and self._news is not None and not self._news.done()

    def took(self, part: bytes) -> None:
        """A part of the body came."""
        self._parts.append(part)
        self.size += len(part)
        self.came += len(part)
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

    def on_gone(self, call: Callable[[], None] | None) -> None:
        """Have a function called once the client goes away, at once where it has gone."""
        connection = self._connection
        connection.on_gone = call
        if call is None:
            return
        if connection.gone:
            call()
        elif self.whole:
            # Its departure is read where its next request would be.
            connection.read_on()

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
        """Send a piece, and wait while too much is unsent; raises RuntimeError once the client has
        gone away."""
        if not self.send(data):
            raise RuntimeError("the client has gone away")
        await self.drained()

    @property
    def full(self) -> bool:
        """Whether so much is unsent that the sender should wait for ``drained``."""
        return self._connection.full is not None

    async def drained(self) -> None:
        """Wait until the client has taken enough, or has gone away."""
        if self._connection.full is not None:
            await self._connection.full

    def send(self, data: bytes) -> bool:
        """Send a piece at once; False once the client has gone away."""
        connection = self._connection
        if connection.gone:
            return False
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
        return True

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
        lines = [_LINES.get(status) or f"HTTP/1.1 {status} ", *map(_line, headers)]
        if length is not None:
            lines.append(f"content-length: {length}")
        if self.chunked:
            lines.append("transfer-encoding: chunked")
        connection = self._connection
        if not self.keep or not self.whole or connection.stopping:
            self.keep = False
            lines.append("connection: close")
        elif not connection.speaks_1_1:
            lines.append("connection: keep-alive")
        head = "\r\n".join(lines)
        breaks = len(lines) - 1
        if head.count("\n") != breaks or head.count("\r") != breaks:
            raise ValueError("a header of the answer holds a line break")
        self.answered = True
        date = "" if "\ndate: " in head else _date()
        data = f"{head}\r\n{date}\r\n".encode("latin-1")
        connection.write(data if self.is_head else data + body)


def parts_of(target: bytes) -> tuple[str, str]:
    """Path and query of a request target; of a plain one they are remembered."""
    found = _places.get(target)
    if found is None:
        found = _parts_of(target)
        if len(target) <= _REMEMBERED_LENGTH and not found[1]:
            if len(_places) >= _REMEMBERED:
                _places.clear()
            _places[target] = found
    return found


def _parts_of(target: bytes) -> tuple[str, str]:
    """Path and query of a request target.

    Escapes of characters that need none are undone, so that a path is judged as what it is
    (``%2e%2e``); all others stay as they are written (``%2F`` is no ``/``).
    """
    text = target.decode("ascii", "replace").partition("#")[0]
    if not text.startswith("/"):
        _, scheme, below = text.partition("://")
        text = f"/{below.partition('/')[2]}" if scheme else text
    path, _, query = text.partition("?")
    return _ESCAPE.sub(_plain, path) if "%" in path else path, query


def _plain(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char in _NEEDS_NO_ESCAPE else escape[0]


_now = [0.0]
_stamp = [""]


def _date() -> str:
    """The header that tells the time of an answer, made once a second."""
    now = time.time() // 1
    if now != _now[0]:
        _now[0] = now
        _stamp[0] = f"date: {formatdate(now, usegmt=True)}\r\n"
    return _stamp[0]
