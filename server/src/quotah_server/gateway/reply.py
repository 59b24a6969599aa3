"""The client's side of a call: what was sent to it, and whether it is still there."""

from __future__ import annotations

import asyncio
from typing import Protocol

from quotah_server.gateway.sever import sever

HeaderList = list[tuple[str, str]]
_FLUSH_BEFORE_CUT_S = 0.05


class StreamTransport(Protocol):
    async def send_bytes(self, data: bytes) -> None: ...


class HTTPProtocol(Protocol):
    """The part of RSGI's protocol object that the gateway uses."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> HTTPProtocol: ...
    async def __anext__(self) -> bytes: ...
    def response_empty(self, status: int, headers: HeaderList) -> None: ...
    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None: ...
    def response_stream(self, status: int, headers: HeaderList) -> StreamTransport: ...


class Reply:
    """One answer to one client."""

    __slots__ = ("_client", "_proto", "_transport", "gone", "started")

    def __init__(self, proto: HTTPProtocol, client: str) -> None:
        self._proto, self._client = proto, client
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
        except RuntimeError:  # the server's "transport is closed"
            self.gone = True
            return False
        return True

    async def cut(self) -> None:
        """End a begun answer visibly incomplete, after what was sent has had time to leave."""
        if self._transport is not None and not self.gone:
            await asyncio.sleep(_FLUSH_BEFORE_CUT_S)
            sever(self._client)
