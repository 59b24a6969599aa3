"""One HTTP/2 connection to a provider, on the event loop itself: many exchanges at once.

Each stream may hold as much as its window allows (``WINDOW``) of what nobody has taken yet; a slow
client presses back on its own stream alone, for the window of the connection is always open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from quotah_server.gateway import http2_frames as h2
from quotah_server.gateway.connection import Answer, BrokenOffError
from quotah_server.gateway.http2_heads import HEAD_BYTES, Head, HeadReader, header_block
from quotah_server.gateway.http2_stream import WINDOW, Stream

_CONNECTION_WINDOW = 16 * 1024 * 1024
_OUR_MAX_FRAME = 16 * 1024
_CONTROL_MAX = 2000
"""Frames that bring nothing (pings, settings, empty data) between two that do; more is a flood."""
_UNSENT_BYTES = 1024 * 1024
_STREAMS_UNTIL_TOLD = 100
_SILENT_S = 30.0
_HELLO = (
    h2.PREFACE
    + h2.settings(
        {h2.ENABLE_PUSH: 0, h2.INITIAL_WINDOW: WINDOW, h2.MAX_HEAD: HEAD_BYTES}
    )
    + h2.window_update(0, _CONNECTION_WINDOW - 65_535)
)  # fmt: skip


class Http2Connection(asyncio.Protocol):
    """Carries as many exchanges at once as the provider allows. ``idle_since`` holds while none is."""

    __slots__ = (
        "_asked", "_buffer", "_control", "_failure", "_heads", "_heard", "_max_frame",
        "_max_streams", "_next", "_paused", "_ready", "_refusing", "_streams", "_touched",
        "_transport", "_window", "_window_in", "_window_of_streams", "idle_since", "loop",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.idle_since = loop.time()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._heads = HeadReader()
        self._heard = self.idle_since
        self._asked = False
        self._streams: dict[int, Stream] = {}
        self._touched: dict[Stream, None] = {}
        self._next = 1
        self._max_streams = _STREAMS_UNTIL_TOLD
        self._max_frame = 16_384
        self._window = 65_535
        self._window_of_streams = 65_535
        self._window_in = _CONNECTION_WINDOW
        self._paused = False
        self._refusing = False
        self._control = 0
        self._failure: str | None = None
        self._ready: asyncio.Future[None] = loop.create_future()

    @property
    def alive(self) -> bool:
        """Whether an exchange could begin, were there room."""
        transport = self._transport
        return transport is not None and not self._refusing and not transport.is_closing()

    @property
    def has_room(self) -> bool:
        """Whether an exchange may begin now."""
        return self.alive and len(self._streams) < self._max_streams

    @property
    def idle(self) -> bool:
        """Whether no exchange is under way."""
        return not self._streams

    async def ready(self) -> None:
        """Wait for the provider's settings; raises BrokenOffError."""
        await asyncio.shield(self._ready)

    async def ask(
        self, method: str, authority: str, target: str, headers: Iterable[tuple[str, str]], body: bytes,
        *, sized: bool,
    ) -> Answer:  # fmt: skip
        """Send a request; returns when the head of its answer is there.

        sized: tell the length of the body though it is empty. Raises ValueError where the request would
        be another one, BrokenOffError.
        """
        length = len(body) if body or sized else None
        block = header_block(method, authority, target, headers, length)
        stream = Stream(self, self._next, self._window_of_streams, bodiless=method == "HEAD")
        answer = stream.answer
        self._next += 2
        if self._next > h2.WINDOW_MAX - 2:
            self._refusing = True
        self._streams[stream.id] = stream
        head = h2.request_head(stream.id, block, ends=not body, max_frame=self._max_frame)
        size = len(body)
        if 0 < size <= min(stream.window, self._window, self._max_frame) and not self._paused:
            stream.window -= size
            self._window -= size
            head += h2.frame(h2.DATA, h2.END_STREAM, stream.id, body)
            size = 0
        self.write(head)
        if size:
            stream.unsent = memoryview(body)
            self._send_body(stream)
        try:
            await answer.head()
        except BaseException:
            self.leave(stream, whole=answer.ended)
            raise
        return answer

    def leave(self, stream: Stream, *, whole: bool) -> None:
        """Nobody waits for a stream any more."""
        if self._streams.get(stream.id) is stream and not whole:
            self.write(h2.reset(stream.id, h2.CANCEL))
            self._forget(stream)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(data)
            if self._paused and transport.get_write_buffer_size() > 4 * _UNSENT_BYTES:
                self._end("the provider reads nothing any more")

    def look(self, now: float) -> None:
        """End a connection on which nothing was heard for long, not even the answer to a ping."""
        if self.idle or now - self._heard < _SILENT_S:
            return
        if self._asked:
            self._end("the provider does not answer any more")
        else:
            self._asked = True
            self.write(h2.frame(h2.PING, 0, 0, b"are here"))

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Take leave and close."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(h2.goaway(h2.NO_ERROR))
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        self._transport.write(_HELLO)

    def data_received(self, data: bytes) -> None:
        if self._failure is not None:
            return
        self._heard, self._asked = self.loop.time(), False
        if self._buffer:
            data = self._buffer + data
        try:
            self._read(data)
        except h2.Http2Error as error:
            self.write(h2.goaway(error.code))
            self._end(f"what came is no HTTP/2: {error}")
        except ValueError as error:
            self.write(h2.goaway(h2.PROTOCOL_ERROR))
            self._end(f"what came is no HTTP/2: {error}")
        touched, self._touched = self._touched, {}
        for stream in touched:
            stream.hand_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("the connection was closed" if exc is None else str(exc))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._send_bodies()

    # Frames.

    def _read(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= h2.HEAD_SIZE:
            size, kind, flags, number = h2.head_of(data, at)
            if size > _OUR_MAX_FRAME:
                raise h2.Http2Error(h2.FRAME_SIZE_ERROR, "a frame is too long")
            after = at + h2.HEAD_SIZE + size
            if after > end:
                break
            payload = data[at + h2.HEAD_SIZE : after]
            at = after
            if not self._ready.done() and kind != h2.SETTINGS:
                raise ValueError("it does not begin with settings")
            if self._heads.stream and kind != h2.CONTINUATION:
                raise ValueError("a head is interrupted")
            if kind == h2.DATA:
                self._data(number, flags, payload)
            else:
                self._other(kind, flags, number, payload)
        self._buffer = data[at:] if at < end else b""

    def _other(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == h2.HEADERS:
            self._head(self._heads.begin(number, flags, payload))
        elif kind == h2.CONTINUATION:
            self._head(self._heads.go_on(number, flags, payload))
        elif kind == h2.GOAWAY:
            self._goes_away(payload)
        elif kind == h2.PUSH_PROMISE:
            raise ValueError("a push that was ruled out")
        else:
            self._count_control()
            if kind == h2.WINDOW_UPDATE:
                self._widen(number, h2.number(payload) & h2.WINDOW_MAX)
            elif kind == h2.RST_STREAM:
                self._reset(number, h2.number(payload))
            elif kind == h2.SETTINGS:
                self._set(flags, payload)
            elif kind == h2.PING and not flags & h2.ACK:
                if len(payload) != 8:
                    raise h2.Http2Error(h2.FRAME_SIZE_ERROR, "a ping of another size")
                self.write(h2.frame(h2.PING, h2.ACK, 0, payload))

    def _data(self, number: int, flags: int, payload: bytes) -> None:
        size = len(payload)
        self._window_in -= size
        if self._window_in < _CONNECTION_WINDOW // 2:
            self.write(h2.window_update(0, _CONNECTION_WINDOW - self._window_in))
            self._window_in = _CONNECTION_WINDOW
        stream = self._streams.get(number)
        if stream is None:
            self._check_known(number)
            self._count_control()
            return
        try:
            if stream.came(flags, payload):
                self._control = 0
            else:
                self._count_control()
        except (ValueError, h2.Http2Error) as error:
            self._break(stream, error)
            return
        self._came(stream)

    def _head(self, head: Head | None) -> None:
        if head is None:
            return
        stream = self._streams.get(head.stream)
        if stream is None:
            self._check_known(head.stream)
            self._count_control()
            return
        try:
            if stream.began(head):
                self._control = 0
            else:
                self._count_control()
        except ValueError as error:
            self._break(stream, error)
            return
        self._came(stream)

    def _came(self, stream: Stream) -> None:
        """There is news on a stream, perhaps its end."""
        self._touched[stream] = None
        if stream.answer.ended:
            if stream.unsent:  # the provider has heard enough
                self.write(h2.reset(stream.id, h2.CANCEL))
            self._forget(stream)

    def _break(self, stream: Stream, error: Exception) -> None:
        """The provider breaks the rules on one stream."""
        code = error.code if isinstance(error, h2.Http2Error) else h2.PROTOCOL_ERROR
        self.write(h2.reset(stream.id, code))
        self._forget(stream)
        stream.answer.fail(f"what came is no HTTP/2: {error}")

    def _reset(self, number: int, code: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            self._check_known(number)
            return
        self._forget(stream)
        why = f"the provider ended the stream: {h2.ERRORS.get(code, 'unknown error')}"
        stream.answer.fail(why, unsent=code == h2.REFUSED_STREAM and not stream.answer.status)
        self._touched.pop(stream, None)

    def _goes_away(self, payload: bytes) -> None:
        """The provider takes no more: what it has taken goes on, what it has not was never sent."""
        last, code = h2.number(payload) & h2.WINDOW_MAX, h2.number(payload, 4)
        self._refusing = True
        for number, stream in tuple(self._streams.items()):
            if number > last:
                self._forget(stream)
                why = f"the provider takes no more: {h2.ERRORS.get(code, 'unknown error')}"
                stream.answer.fail(why, unsent=not stream.answer.status)
                self._touched.pop(stream, None)
        if not self._streams:
            self.close()

    def _set(self, flags: int, payload: bytes) -> None:
        if flags & h2.ACK:
            return
        for name, value in h2.read_settings(payload):
            if name == h2.MAX_STREAMS:
                self._max_streams = value
            elif name == h2.INITIAL_WINDOW:
                if value > h2.WINDOW_MAX:
                    raise h2.Http2Error(h2.FLOW_CONTROL_ERROR, "a window too wide")
                for stream in self._streams.values():
                    stream.window += value - self._window_of_streams
                self._window_of_streams = value
            elif name == h2.MAX_FRAME:
                if not 16_384 <= value <= 0xFFFFFF:
                    raise ValueError("a frame size that cannot be")
                self._max_frame = min(value, 64 * 1024)
        self.write(h2.frame(h2.SETTINGS, h2.ACK, 0))
        if not self._ready.done():
            self._ready.set_result(None)
        self._send_bodies()

    def _widen(self, number: int, more: int) -> None:
        if number == 0:
            self._window += more
            if not more or self._window > h2.WINDOW_MAX:
                raise h2.Http2Error(h2.FLOW_CONTROL_ERROR, "a window too wide")
            self._send_bodies()
            return
        stream = self._streams.get(number)
        if stream is None:
            self._check_known(number)
        elif not more or stream.window + more > h2.WINDOW_MAX:
            self._break(stream, h2.Http2Error(h2.FLOW_CONTROL_ERROR, "a window too wide"))
        else:
            stream.window += more
            self._send_body(stream)

    def _send_bodies(self) -> None:
        for stream in tuple(self._streams.values()):
            if self._paused or self._window <= 0:
                return
            self._send_body(stream)

    def _send_body(self, stream: Stream) -> None:
        """Send of a body what both windows and the socket take."""
        while stream.unsent and not self._paused:
            size = min(len(stream.unsent), stream.window, self._window, self._max_frame)
            if size <= 0:
                return
            self._control = 0
            part, stream.unsent = stream.unsent[:size], stream.unsent[size:]
            stream.window -= size
            self._window -= size
            flags = 0 if stream.unsent else h2.END_STREAM
            self.write(h2.frame(h2.DATA, flags, stream.id, bytes(part)))

    def _check_known(self, number: int) -> None:
        """A frame of a stream that is over may still come; of one that never was, it may not."""
        if number == 0 or number >= self._next or number % 2 == 0:
            raise ValueError("a frame of a stream that does not exist")

    def _count_control(self) -> None:
        self._control += 1
        if self._control > _CONTROL_MAX + 16 * len(self._streams):
            raise h2.Http2Error(h2.ENHANCE_YOUR_CALM, "too many frames that bring nothing")

    def _forget(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        stream.unsent = memoryview(b"")
        if not self._streams:
            self.idle_since = self.loop.time()
            self._control = 0
            if self._refusing:
                self.close()

    def _end(self, why: str) -> None:
        if self._failure is not None:
            return
        self._failure = why
        self._refusing = True
        if not self._ready.done():
            self._ready.set_exception(BrokenOffError(why))
            self._ready.exception()  # not waited for by everybody
        for stream in tuple(self._streams.values()):
            stream.answer.fail(why)
        self._streams.clear()
        transport = self._transport
        if transport is None:
            return
        if transport.get_write_buffer_size() > _UNSENT_BYTES:
            transport.abort()
        else:
            transport.close()
