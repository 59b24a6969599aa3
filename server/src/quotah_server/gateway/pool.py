"""Kept connections to providers: opened, handed out, given back, closed when they stand idle."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from quotah_server.gateway.connection import Connection

_IDLE_S = 90.0
_IDLE_PER_ORIGIN = 256
_SWEEP_S = 15.0
_SECOND_FAMILY_AFTER_S = 0.3
_DEFAULT_PORTS = {"http": 80, "https": 443}

Address = tuple[Any, ...]


class Origin(msgspec.Struct, frozen=True):
    """Where connections lead. host_header: as the ``host`` of a request."""

    host: str
    port: int
    tls: bool
    host_header: str


def origin_of(scheme_and_authority: str) -> Origin:
    """Read ``https://api.example.com:8443``; raises ValueError for what is none."""
    parts = urlsplit(scheme_and_authority)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"no address of a provider: {parts.scheme}://{parts.hostname or ''}")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    usual = _DEFAULT_PORTS[parts.scheme]
    port = parts.port or usual
    shown = f"[{host}]" if ":" in host else host
    return Origin(
        host, port, parts.scheme == "https", shown if port == usual else f"{shown}:{port}"
    )


class Pool:
    """The connections of one event loop. connect_s: longest time to open one, TLS included."""

    def __init__(self, *, connect_s: float) -> None:
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

    async def open(self, origin: Origin) -> Connection:
        """A new connection; raises TimeoutError, or OSError (TLS failures included)."""
        async with asyncio.timeout(self._connect_s):
            found = await self._loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys((entry[0], entry[4]) for entry in found))
            return await self._race(origin, addresses)

    def close(self) -> None:
        """Close what stands idle; connections in use close when they are given back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    async def _race(self, origin: Origin, addresses: Sequence[tuple[int, Address]]) -> Connection:
        """Addresses of the first family, and shortly after those of the other, until one answers."""
        first_family = addresses[0][0]
        ways = [[a for a in addresses if a[0] == first_family]]
        if others := [a for a in addresses if a[0] != first_family]:
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
        self, origin: Origin, addresses: Sequence[tuple[int, Address]], delay_s: float
    ) -> Connection:
        if delay_s:
            await asyncio.sleep(delay_s)
        failure: OSError | None = None
        for family, address in addresses:
            try:
                return await self._connect(origin, family, address)
            except OSError as error:
                failure = error
        raise failure or OSError("its name does not resolve")

    async def _connect(self, origin: Origin, family: int, address: Address) -> Connection:
        give_back = functools.partial(self._give_back, origin)
        _, connection = await self._loop.create_connection(
            lambda: Connection(self._loop, give_back),
            address[0],
            origin.port,
            family=family,
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
