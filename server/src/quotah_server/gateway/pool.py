"""Kept connections to providers: opened, handed out, given back, closed when they stand idle."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable, Sequence

from quotah_server.gateway.connection import Connection
from quotah_server.gateway.http2 import Http2Connection
from quotah_server.gateway.reach import Origin, Reach
from quotah_server.gateway.ways import Http2
from quotah_server.net.addresses import Address

_IDLE_S = 50.0
"""Shorter than the minute after which many a load balancer closes what stands idle."""
_IDLE_PER_ORIGIN = 256
_SWEEP_S = 15.0
_SECOND_FAMILY_AFTER_S = 0.3

_ONLY_HTTP1, _BOTH = ("http/1.1",), ("h2", "http/1.1")
_Any = Connection | Http2Connection


class Pool:
    """The connections of one event loop. connect_s: longest time to open one, TLS included.

    http2: see ``ways.Outward``. Those of HTTP/1.1 stand here while they are idle, those of HTTP/2 all
    the time, as they are shared.
    """

    def __init__(self, reach: Reach, *, connect_s: float, http2: Http2 = "auto") -> None:
        self._reach = reach
        self._connect_s = connect_s
        self._http2 = http2
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Origin, list[Connection]] = {}
        self._shared: dict[Origin, list[Http2Connection]] = {}
        self._only_http2: set[Origin] = set()
        self._opening: dict[Origin, asyncio.Future[None]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def kept(self, origin: Origin) -> _Any | None:
        """A connection that is free, the last one used first."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        if self._shared:
            for shared in self._shared.get(origin, ()):
                if shared.has_room:
                    return shared
        return None

    async def open(
        self, origin: Origin, connect_s: float | None = None, *, http2: bool | None = None
    ) -> _Any:
        """A new connection, or one of HTTP/2 that somebody else has just opened.

        http2: whether HTTP/2 is offered; None: as the pool does. Raises AddressRefusedError,
        BrokenOffError, TimeoutError, or OSError (TLS failures included).
        """
        async with asyncio.timeout(self._connect_s if connect_s is None else connect_s):
            if not origin.tls or http2 is False or (http2 is None and self._http2 == "off"):
                return await self._reached(origin, _ONLY_HTTP1)
            if not (http2 or self._http2 == "on" or origin in self._only_http2):
                try:
                    return await self._reached(origin, _ONLY_HTTP1)
                except ssl.SSLError as error:
                    if not _is_about_protocols(error):
                        raise
                self._only_http2.add(origin)
            return await self._open_shared(origin)

    def speaks_only_http2(self, origin: Origin) -> bool:
        """Learn that HTTP/1.1 is nothing to a provider; False where that helps nobody."""
        if self._http2 == "off" or not origin.tls:
            return False
        self._only_http2.add(origin)
        return True

    def close(self) -> None:
        """Close what stands idle; connections in use close when they are given back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()
        for several in self._shared.values():
            for shared in several:
                shared.abort()
        self._shared.clear()

    async def _open_shared(self, origin: Origin) -> _Any:
        """One at a time: whoever else comes meanwhile shares what is being opened, if it may be shared."""
        while (opening := self._opening.get(origin)) is not None:
            await asyncio.shield(opening)
            found = self.kept(origin)
            if found is not None:
                return found
            if origin in self._idle or origin not in self._shared:  # it speaks HTTP/1.1 alone
                return await self._reached(origin, _BOTH)
        opening = self._opening[origin] = self._loop.create_future()
        try:
            return await self._reached(origin, _BOTH)
        finally:
            del self._opening[origin]
            opening.set_result(None)

    async def _reached(self, origin: Origin, protocols: tuple[str, ...]) -> _Any:
        connection = await self._race(origin, protocols, await self._reach.addresses(origin))
        if isinstance(connection, Http2Connection):
            try:
                await connection.ready()
            except BaseException:
                connection.abort()
                raise
            self._shared.setdefault(origin, []).append(connection)
            self._sweep_later()
        return connection

    async def _race(
        self, origin: Origin, protocols: tuple[str, ...], addresses: Sequence[Address]
    ) -> _Any:
        """Addresses of the first family, and shortly after those of the other, until one answers."""
        first = addresses[0].version
        ways = [[a for a in addresses if a.version == first]]
        if others := [a for a in addresses if a.version != first]:
            ways.append(others)
        if len(ways) == 1:
            return await self._first_of(origin, protocols, ways[0], 0.0)
        racing = [
            self._loop.create_task(
                self._first_of(origin, protocols, way, number * _SECOND_FAMILY_AFTER_S)
            )
            for number, way in enumerate(ways)
        ]
        won: asyncio.Task[_Any] | None = None
        try:
            won = await _winner(racing)
            return won.result()
        finally:
            for task in racing:
                if task is not won:
                    task.cancel()
                    task.add_done_callback(_discard)

    async def _first_of(
        self,
        origin: Origin,
        protocols: tuple[str, ...],
        addresses: Sequence[Address],
        delay_s: float,
    ) -> _Any:
        if delay_s:
            await asyncio.sleep(delay_s)
        failure: OSError | None = None
        for address in addresses:
            try:
                return await self._connect(origin, protocols, address)
            except OSError as error:
                failure = error
        raise failure or OSError("its name does not resolve")

    async def _connect(self, origin: Origin, protocols: tuple[str, ...], address: Address) -> _Any:
        give_back = functools.partial(self._give_back, origin)
        _, chooser = await self._loop.create_connection(
            lambda: _Chooser(self._loop, give_back),
            str(address),
            origin.port,
            flags=socket.AI_NUMERICHOST,
            ssl=tls_context(protocols) if origin.tls else None,
            server_hostname=origin.host if origin.tls else None,
        )
        assert chooser.chosen is not None
        return chooser.chosen

    def _give_back(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle.setdefault(origin, [])
        if self._closed or len(idle) >= _IDLE_PER_ORIGIN:
            connection.abort()
            return
        connection.idle_since = self._loop.time()
        idle.append(connection)
        if self._sweep is None:
            self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep is None and not self._closed:
            self._sweep = self._loop.call_later(_SWEEP_S, self._close_idle)

    def _close_idle(self) -> None:
        """Close what nobody has used for long; the oldest stand first."""
        self._sweep = None
        oldest = self._loop.time() - _IDLE_S
        for origin, idle in list(self._idle.items()):
            stays = [c for c in idle if c.usable and c.idle_since > oldest]
            for connection in idle:
                if connection.idle_since <= oldest:
                    connection.abort()
            if stays:
                self._idle[origin] = stays
            else:
                del self._idle[origin]
        for origin, several in list(self._shared.items()):
            for shared in several:
                shared.look(self._loop.time())
                if shared.idle and shared.idle_since <= oldest:
                    shared.close()
            self._shared[origin] = [shared for shared in several if shared.alive]
        if self._idle or any(self._shared.values()):
            self._sweep_later()


async def _winner(racing: Sequence[asyncio.Task[_Any]]) -> asyncio.Task[_Any]:
    pending = set(racing)
    failure: BaseException | None = None
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            failure = task.exception()
            if failure is None:
                return task
    assert failure is not None
    raise failure


def _discard(task: asyncio.Task[_Any]) -> None:
    """A connection that came second is not needed."""
    if not task.cancelled() and task.exception() is None:
        task.result().abort()


class _Chooser(asyncio.Protocol):
    """Becomes the protocol that the handshake agreed on."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, give_back: Callable[[Connection], None]
    ) -> None:
        self._loop = loop
        self._give_back = give_back
        self.chosen: _Any | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tls = transport.get_extra_info("ssl_object")
        agreed = tls.selected_alpn_protocol() if tls is not None else None
        if agreed == "h2":
            self.chosen = Http2Connection(self._loop)
        else:
            self.chosen = Connection(self._loop, self._give_back)
        transport.set_protocol(self.chosen)
        self.chosen.connection_made(transport)


def _is_about_protocols(error: ssl.SSLError) -> bool:
    """Whether a handshake failed as the server speaks none of the protocols that were offered."""
    return "NO_APPLICATION_PROTOCOL" in (error.reason or str(error)).upper().replace(" ", "_")


@functools.cache
def tls_context(protocols: tuple[str, ...] = _ONLY_HTTP1) -> ssl.SSLContext:
    """What TLS trusts: the system's store. Read once, when a provider is first reached by TLS."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(list(protocols))
    return context
