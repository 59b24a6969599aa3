"""What every way to a provider has in common: headers, the answer, and how it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from quotah_server.net.addresses import EgressRules

Http2 = Literal["auto", "on", "off"]
Headers = Sequence[tuple[str, str]]


class Way(msgspec.Struct, frozen=True):
    """How a provider may be reached: one per credential and route, shared by all their calls.

    direct: no proxy on the way, as the provider runs on this machine. allow_private: it may be in a
    network of one's own. connect_s: longest time to connect, TLS included; None: the gateway's own.
    http2: whether HTTP/2 is offered; None: as the gateway does.
    """

    direct: bool = False
    allow_private: bool = False
    is_mock: bool = False
    connect_s: float | None = None
    http2: bool | None = None


ANY_WAY = Way()


class Outward(msgspec.Struct, frozen=True):
    """What the operator says of all ways. rules: what may be reached beside public addresses.

    http2: ``off`` never offers HTTP/2; ``on`` offers it before HTTP/1.1 wherever there is TLS; ``auto``
    speaks it with providers that speak nothing else.
    """

    rules: EgressRules = EgressRules()
    http2: Http2 = "auto"


class UpstreamError(Exception):
    """The way to the provider failed. ``sent``: the provider may have the request.

    ``kind`` is stable: connection_failed, connect_timeout, tls_failed, address_refused and
    bad_request_target, of which nothing was sent; connection_lost and timeout, of which all may be.
    """

    def __init__(self, kind: str, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = sent

    @property
    def timed_out(self) -> bool:
        return self.kind.endswith("timeout")


class UpstreamResponse(Protocol):
    """An answer whose body is still coming. Close it in any case.

    headers: names in lower case; a value that is no ASCII text is left out.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...

    async def chunk(self) -> bytes | None:
        """The next bytes as they arrive, None at the end; raises UpstreamError when it is cut short."""
        ...

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        """Hand chunks to ``take`` as they arrive, as long as it says True; tells whether the answer
        has ended. Raises UpstreamError when it is cut short."""
        ...

    async def rest(self) -> bytes:
        """All that is still to come, at once; for answers whose announced length is small."""
        ...

    async def close(self) -> None:
        """Release the connection; an answer that is still coming is aborted."""
        ...
