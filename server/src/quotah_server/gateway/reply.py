"""The client's side of a call: what was sent to it, and whether it is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

HeaderList = list[tuple[str, str]]


class StreamTransport(Protocol):
    @property
    def full(self) -> bool: ...
    def send(self, data: bytes) -> bool: ...
    async def drained(self) -> None: ...
    def cut(self) -> None: ...


class HTTPProtocol(Protocol):
    """Where a request is answered, in the shape of RSGI."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> HTTPProtocol: ...
    async def __anext__(self) -> bytes: ...
    def response_empty(self, status: int, headers: HeaderList) -> None: ...
    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None: ...
    def response_stream(self, status: int, headers: HeaderList) -> StreamTransport: ...
    def on_gone(self, call: Callable[[], None] | None) -> None: ...


class Reply:
    """One answer to one client."""

    __slots__ = ("_proto", "_transport", "gone", "started")

    def __init__(self, proto: HTTPProtocol) -> None:
        self._proto = proto
        self._transport: StreamTransport | None = None
        self.started = False
        self.gone = False

    def on_gone(self, call: Callable[[], None] | None) -> None:
        """Have a function called once the client goes away, at once where it has gone; None takes it back."""
        self._proto.on_gone(call)

    def whole(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Answer at once."""
        self.started = True
        self._proto.response_bytes(status, headers, body)

    def head_only(self, status: int, headers: HeaderList) -> None:
        """Answer without a body; ``content-length`` stays as given."""
        self.started = True
        self._proto.response_empty(status, headers)

    def begin(self, status: int, headers: HeaderList) -> StreamTransport:
        """Begin an answer that comes in pieces. Who sends many of them may use what is returned as it
        is, and notes in ``gone`` that the client has gone away."""
        self.started = True
        self._transport = self._proto.response_stream(status, headers)
        return self._transport

    async def send(self, data: bytes) -> bool:
        """Send a piece, and wait while too much is unsent; False once the client has gone away."""
        if not self.pass_on(data):
            return False
        await self.drained()
        return True

    def pass_on(self, data: bytes) -> bool:
        """Send a piece at once; False once the client has gone away."""
        assert self._transport is not None
        if self._transport.send(data):
            return True
        self.gone = True
        return False

    @property
    def full(self) -> bool:
        """Whether so much is unsent that the sender should wait for ``drained``."""
        return self._transport is not None and self._transport.full

    async def drained(self) -> None:
        """Wait until the client has taken enough, or has gone away."""
        if self._transport is not None and self._transport.full:
            await self._transport.drained()

    def cut(self) -> None:
        """End a begun answer visibly incomplete, after what was sent."""
        if self._transport is not None and not self.gone:
            self._transport.cut()
