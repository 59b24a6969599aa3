"""Kept connections to providers: opened, handed out, given back, closed when they stand idle."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Sequence

from quotah_server.gateway.connection import Connection
from quotah_server.gateway.reach import Origin, Reach
from quotah_server.net.addresses import Address

_IDLE_S = 90.0
_IDLE_PER_ORIGIN = 256
_SWEEP_S = 15.0
_SECOND_FAMILY_AFTER_S = 0.3


class Pool:
    """The connections of one event loop. connect_s: longest time to open one, TLS included."""

    def __init__(self, reach: Reach, *, connect_s: float) -> None:
        self._reach = reach
        self._connect_s = connect_s
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def kept(self, origin: Origin) -> Connection | None:
        """A connection that is free, the last one used first."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    async def open(self, origin: Origin, connect_s: float | None = None) -> Connection:
        """A new connection; raises AddressRefusedError, TimeoutError, or OSError (TLS failures
        included)."""
        async with asyncio.timeout(self._connect_s if connect_s is None else connect_s):
            return await self._race(origin, await self._reach.addresses(origin))

    def close(self) -> None:
        """Close what stands idle; connections in use close when they are given back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    async def _race(self, origin: Origin, addresses: Sequence[Address]) -> Connection:
        """Addresses of the first family, and shortly after those of the other, until one answers."""
        first = addresses[0].version
        ways = [[a for a in addresses if a.version == first]]
        if others := [a for a in addresses if a.version != first]:
            ways.append(others)
        if len(ways) == 1:
            return await self._first_of(origin, ways[0], 0.0)
        racing = [
            self._loop.create_task(self._first_of(origin, way, number * _SECOND_FAMILY_AFTER_S))
            for number, way in enumerate(ways)
        ]
        won: asyncio.Task[Connection] | None = None
        try:
            won = await _winner(racing)
            return won.result()
        finally:
            for task in racing:
                if task is not won:
                    task.cancel()
                    task.add_done_callback(_discard)

    async def _first_of(
        self, origin: Origin, addresses: Sequence[Address], delay_s: float
    ) -> Connection:
        if delay_s:
            await asyncio.sleep(delay_s)
        failure: OSError | None = None
        for address in addresses:
            try:
                return await self._connect(origin, address)
            except OSError as error:
                failure = error
        raise failure or OSError("its name does not resolve")

    async def _connect(self, origin: Origin, address: Address) -> Connection:
        give_back = functools.partial(self._give_back, origin)
        _, connection = await self._loop.create_connection(
            lambda: Connection(self._loop, give_back),
            str(address),
            origin.port,
            flags=socket.AI_NUMERICHOST,
            ssl=tls_context() if origin.tls else None,
            server_hostname=origin.host if origin.tls else None,
        )
        return connection

    def _give_back(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle.setdefault(origin, [])
        if self._closed or len(idle) >= _IDLE_PER_ORIGIN:
            connection.abort()
            return
        connection.idle_since = self._loop.time()
        idle.append(connection)
        if self._sweep is None:
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
        if self._idle:
            self._sweep = self._loop.call_later(_SWEEP_S, self._close_idle)


async def _winner(racing: Sequence[asyncio.Task[Connection]]) -> asyncio.Task[Connection]:
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


def _discard(task: asyncio.Task[Connection]) -> None:
    """A connection that came second is not needed."""
    if not task.cancelled() and task.exception() is None:
        task.result().abort()


@functools.cache
def tls_context() -> ssl.SSLContext:
    """What TLS trusts: the system's store. Read once, when a provider is first reached by TLS."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
