"""One exchange of an HTTP/2 connection: what its provider may do, and how far."""

from __future__ import annotations

import asyncio
from typing import Protocol

from quotah_server.gateway import http2_frames as h2
from quotah_server.gateway.connection import Answer
from quotah_server.gateway.http2_heads import Head, understood

WINDOW = 256 * 1024
"""Bytes of an answer that may stand here untaken."""


class Carrier(Protocol):
    """The connection, as far as a stream knows it."""

    loop: asyncio.AbstractEventLoop

    def write(self, data: bytes) -> None: ...
    def leave(self, stream: Stream, *, whole: bool) -> None: ...


class Stream:
    """One exchange. Stands where a connection of its own would, for its answer.

    window: bytes that we may send. unsent: what is left of the request's body.
    """

    __slots__ = ("_carrier", "_left", "_room", "answer", "id", "loop", "unsent", "window")

    def __init__(self, carrier: Carrier, number: int, window: int, *, bodiless: bool) -> None:
        self._carrier = carrier
        self.loop = carrier.loop
        self.id = number
        self.answer = Answer(self, bodiless=bodiless)
        self.window = window
        self.unsent = memoryview(b"")
        self._room = WINDOW
        self._left: int | None = None

    def drained(self) -> None:
        """All that had come was taken."""
        if self._room < WINDOW // 2 and not self.answer.ended:
            more = WINDOW - self._room
            self._room = WINDOW
            self._carrier.write(h2.window_update(self.id, more))

    def leave(self, answer: Answer) -> None:
        """The one who asked is done with the answer."""
        self._carrier.leave(self, whole=answer.ended)

    def began(self, head: Head) -> bool:
        """A head came; tells whether it was the answer's own, and not one that only says to wait.
        Raises ValueError where it cannot be."""
        answer = self.answer
        if answer.status:
            if not head.ends:
                raise ValueError("two heads")
            self._end()  # trailers: no client of HTTP/1.1 asked for them
            return True
        status, headers = understood(head.fields)
        if status < 200:
            if head.ends or status == 101:
                raise ValueError("an answer without an end")
            return False
        length = next((value for name, value in headers if name == "content-length"), None)
        if length is not None and not answer.bodiless and status != 304:
            if not length.isdigit():
                raise ValueError("a length that is none")
            self._left = int(length)
        answer.headers = headers
        answer.status = status
        if head.ends:
            self._end()
        return True

    def came(self, flags: int, payload: bytes) -> bool:
        """Data came; tells whether there was any. Raises Http2Error where it may not."""
        answer = self.answer
        self._room -= len(payload)
        if self._room < 0:
            raise h2.Http2Error(h2.FLOW_CONTROL_ERROR, "more came than was allowed")
        if flags & h2.PADDED:
            payload = h2.unpadded(h2.PADDED, payload)
        if not answer.status:
            raise ValueError("a body came before its head")
        if payload and not answer.bodiless:
            answer.parts.append(payload)
            if self._left is not None:
                self._left -= len(payload)
                if self._left < 0:
                    raise ValueError("the body is longer than announced")
        if flags & h2.END_STREAM:
            self._end()
        return bool(payload)

    def _end(self) -> None:
        if self._left:
            raise ValueError("the body is shorter than announced")
        self.answer.ended = True

    def hand_on(self) -> None:
        """Give what came to whoever waits."""
        self.answer.arrived()
        if not self.answer.parts:
            self.drained()
