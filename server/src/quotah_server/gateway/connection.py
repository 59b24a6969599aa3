"""One HTTP/1.1 connection to a provider, on the event loop itself.

Bytes go from the socket to whoever awaits them without another thread in between: most of what a
streamed chunk costs is waking threads. llhttp (httptools) does the reading of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

_HIGH_BYTES, _LOW_BYTES = 128 * 1024, 64 * 1024
"""An answer of which nobody takes the first stops being read until all that came was taken; reads up to
the second are not weighed one by one."""
_HEAD_BYTES = 256 * 1024
_SIZES = frozenset({"content-length", "transfer-encoding"})
_SWITCHING, _FINAL = 101, 200
NAMES: dict[bytes, str] = {}
_NAMES_MAX = 512


class _Nowhere(list[tuple[str, str]]):
    """Takes what comes after a head: trailers, for which nobody asked."""

    def append(self, item: tuple[str, str]) -> None:
        """Forget it."""


NOWHERE = _Nowhere()


class BrokenOffError(Exception):
    """The connection ended, or what came was no HTTP, before the answer was whole.

    unsent: the provider says that it has done nothing with the request.
    """

    def __init__(self, why: str, *, unsent: bool = False) -> None:
        super().__init__(why)
        self.unsent = unsent


class SpeaksHttp2Error(BrokenOffError):
    """The provider speaks HTTP/2, to which what was sent is no request at all."""

    def __init__(self) -> None:
        super().__init__("the provider speaks HTTP/2 alone", unsent=True)


class Line(Protocol):
    """What carries an answer: a connection, or a stream on one."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def drained(self) -> None:
        """What had come was taken."""
        ...

    def leave(self, answer: Answer) -> None:
        """The one who asked is done with the answer."""
        ...


class Answer:
    """An answer on its way. ``status`` and ``headers`` hold once ``head`` has returned.

    Header names are in lower case; a value that is no ASCII text is left out, as no server could
    send it on.
    """

    __slots__ = (
        "_connection", "_failure", "_fault", "_held", "_take", "_waiter", "bodiless", "ended",
        "headers", "parts", "status",
    )  # fmt: skip

    def __init__(self, connection: Line, *, bodiless: bool) -> None:
        self._connection = connection
        self.bodiless = bodiless
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.parts: list[bytes] = []
        self.ended = False
        self._failure: BrokenOffError | None = None
        self._take: Callable[[bytes], bool] | None = None
        self._held = False
        self._fault: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def head(self) -> None:
        """Wait for the head; raises BrokenOffError."""
        while not self.status:
            if self._failure is not None:
                raise self._failure
            # As _wait does: every call comes through here, and a coroutine more is felt.
            self._waiter = self._connection.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def chunk(self) -> bytes | None:
        """All bytes that have come since the last time; None at the end. Raises BrokenOffError."""
        while not self.parts:
            if self._failure is not None:
                raise self._failure
            if self.ended:
                return None
            await self._wait()
        parts = self.parts
        self.parts = []
        self._connection.drained()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def rest(self) -> bytes:
        """Everything that is still to come; raises BrokenOffError."""
        if self.ended and len(self.parts) == 1:
            self._connection.drained()
            return self.parts.pop()
        taken: list[bytes] = []
        while (chunk := await self.chunk()) is not None:
            taken.append(chunk)
        return taken[0] if len(taken) == 1 else b"".join(taken)

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        """Hand chunks to ``take`` the moment they are read, as long as it says True.

        Tells whether the answer has ended. Raises BrokenOffError, and whatever ``take`` raises.
        """
        while (chunk := await self.chunk()) is not None:
            if not take(chunk):
                return False
            self._take, self._held = take, False
            try:
                while self._take is not None and not self.ended and self._failure is None:
                    await self._wait()
            finally:
                self._take = None
            if self._fault is not None:
                raise self._fault
            if self._held:
                return False
        return True

    def arrived(self) -> None:
        """Something was read: hand it on, or wake whoever waits."""
        if self._take is None:
            self.wake()
            return
        if self.parts:
            if len(self.parts) == 1:
                chunk = self.parts.pop()
            else:
                chunk = b"".join(self.parts)
                self.parts = []
            try:
                self._held = not self._take(chunk)
            except Exception as error:  # noqa: BLE001 -- raised where it is awaited
                self._fault = error
        if self._held or self._fault is not None or self.ended:
            self._take = None
            self.wake()

    def close(self) -> None:
        """Let go of the connection; an answer that is still coming is aborted."""
        self._connection.leave(self)

    def fail(self, why: str, *, unsent: bool = False) -> None:
        """The rest will not come."""
        self.fail_with(BrokenOffError(why, unsent=unsent))

    def fail_with(self, failure: BrokenOffError) -> None:
        """The rest will not come; the first reason stays."""
        if not self.ended and self._failure is None:
            self._failure = failure
        self.wake()

    def wake(self) -> None:
        """There is news for whoever waits."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = self._connection.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class Connection(asyncio.Protocol):
    """Carries one exchange after the other. on_free: gets it back when the next one may begin."""

    __slots__ = (
        "_answer", "_head_size", "_headers", "_on_free", "_parser", "_paused", "_reusable",
        "_transport", "idle_since", "loop",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_free: Callable[[Connection], None]
    ) -> None:
        self.loop = loop
        self.idle_since = 0.0
        self._on_free = on_free
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._headers: list[tuple[str, str]] = []
        self._head_size = 0
        self._paused = False
        self._reusable = False

    @property
    def usable(self) -> bool:
        """Whether an exchange may begin."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and self._answer is None

    async def ask(self, request: bytes, *, bodiless: bool) -> Answer:
        """Send a request; returns when the head of its answer is there.

        bodiless: the answer has no body whatever it says (HEAD). Raises BrokenOffError.
        """
        assert self._transport is not None
        answer = self._answer = Answer(self, bodiless=bodiless)
        self._reusable = False
        self._transport.write(request)
        try:
            await answer.head()
        except BaseException:
            self.abort()
            raise
        return answer

    def leave(self, answer: Answer) -> None:
        """The one who asked is done with an answer."""
        if self._answer is not answer:
            return
        self._answer = None
        transport = self._transport
        if (
            not answer.ended
            or not self._reusable
            or transport is None
            or transport.is_closing()
            or transport.get_write_buffer_size()
        ):
            self.abort()
            return
        if self._paused:
            self._resume()
        self._on_free(self)

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def drained(self) -> None:
        """What had come was taken."""
        if self._paused:
            self._resume()

    def _resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:  # nobody asked for anything
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not answer.status and _is_settings(data):
                answer.fail_with(SpeaksHttp2Error())
            else:
                answer.fail(f"what came is no HTTP: {error}")
            self.abort()
            return
        if not answer.status:
            self._head_size += len(data)
            if self._head_size > _HEAD_BYTES:
                answer.fail(f"the head of the answer exceeds {_HEAD_BYTES} bytes")
                self.abort()
                return
        answer.arrived()
        if len(answer.parts) > 1 or len(data) > _LOW_BYTES:
            self._hold_back(answer)

    def _hold_back(self, answer: Answer) -> None:
        if not self._paused and sum(map(len, answer.parts)) > _HIGH_BYTES:
            assert self._transport is not None
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        answer = self._answer
        if answer is None:
            return
        if exc is None and answer.status and not any(n in _SIZES for n, _ in answer.headers):
            answer.ended = True
        answer.fail("the connection was closed" if exc is None else str(exc))

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._headers = []
        self._head_size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        try:
            self._headers.append((NAMES[name], value.decode("ascii")))
        except (KeyError, UnicodeDecodeError):
            if value.isascii():
                self._headers.append((lower_name(name), value.decode("ascii")))

    def on_headers_complete(self) -> None:
        answer = self._answer
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            raise ValueError("the provider switches protocols, which nobody asked for")
        if status < 200:
            return
        if answer is None or answer.status:
            raise ValueError("an answer that nobody asked for")
        answer.headers = self._headers
        answer.status = status
        self._headers = NOWHERE  # trailers, for which nobody asked
        if answer.bodiless:
            answer.ended = True

    def on_body(self, body: bytes) -> None:
        answer = self._answer
        if answer is not None and not answer.bodiless:
            answer.parts.append(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        if answer is not None and answer.status and not answer.bodiless:
            answer.ended = True
            self._reusable = self._parser.should_keep_alive()


def _is_settings(data: bytes) -> bool:
    """Whether this is how HTTP/2 begins: a frame of settings, on no stream."""
    return len(data) >= 9 and data[0] == 0 and data[3] == 4 and not any(data[5:9])


def lower_name(raw: bytes) -> str:
    """A header name in lower case; the usual ones are decoded once."""
    name = raw.decode("latin-1").lower()
    if len(NAMES) < _NAMES_MAX:
        NAMES[raw] = name
    return name
