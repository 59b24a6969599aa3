"""The client's side of a call: what was sent to it, and whether it is still there."""

from __future__ import annotations

from typing import Protocol

HeaderList = list[tuple[str, str]]


class StreamTransport(Protocol):
    async def send_bytes(self, data: bytes) -> None: ...
    def cut(self) -> None: ...


class HTTPProtocol(Protocol):
    """Where a request is answered, in the shape of RSGI."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> HTTPProtocol: ...
    async def __anext__(self) -> bytes: ...
    def response_empty(self, status: int, headers: HeaderList) -> None: ...
    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None: ...
    def response_stream(self, status: int, headers: HeaderList) -> StreamTransport: ...


class Reply:
    """One answer to one client."""

    __slots__ = ("_proto", "_transport", "gone", "started")

    def __init__(self, proto: HTTPProtocol) -> None:
        self._proto = proto
        self._transport: StreamTransport | None = None
        self.started = False
        self.gone = False

    def whole(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Answer at once."""
        self.started = True
        self._proto.response_bytes(status, headers, body)

    def head_only(self, status: int, headers: HeaderList) -> None:
        """Answer without a body; ``content-length`` stays as given."""
        self.started = True
        self._proto.response_empty(status, headers)

    def begin(self, status: int, headers: HeaderList) -> None:
        """Begin an answer that comes in pieces."""
        self.started = True
        self._transport = self._proto.response_stream(status, headers)

    async def send(self, data: bytes) -> bool:
        """Send a piece; False once the client has gone away."""
        assert self._transport is not None
        try:
            await self._transport.send_bytes(data)
        except RuntimeError:
            self.gone = True
            return False
        return True

    def cut(self) -> None:
        """End a begun answer visibly incomplete, after what was sent."""
        if self._transport is not None and not self.gone:
            self._transport.cut()
