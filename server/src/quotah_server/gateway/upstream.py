"""The seam to the providers: a request out, an answer back, as bytes.

Nothing is decoded, no redirect is followed, no cookie kept, no request sent twice. Where the system
names a proxy for a provider, the call goes through it (``proxied.py``); all others use connections
of this event loop (``pool.py``).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from urllib.request import getproxies, proxy_bypass

from quotah_server.gateway.connection import Answer, BrokenOffError, Connection
from quotah_server.gateway.pool import Pool
from quotah_server.gateway.proxied import Proxied
from quotah_server.gateway.reach import AddressRefusedError, Origin, Reach, Resolve, origin_of
from quotah_server.gateway.ways import (
    ANY_WAY,
    Headers,
    Outward,
    UpstreamError,
    UpstreamResponse,
    Way,
)

__all__ = ["Headers", "Upstream", "UpstreamError", "UpstreamResponse", "Way"]

_TARGET = re.compile(r"/[\x21-\x7e]*\Z")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class DirectResponse:
    """An answer that comes straight from the provider."""

    __slots__ = ("_answer", "headers", "status")

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = answer.headers

    async def chunk(self) -> bytes | None:
        try:
            return await self._answer.chunk()
        except BrokenOffError as error:
            raise _cut_short(error) from error

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        try:
            return await self._answer.pump(take)
        except BrokenOffError as error:
            raise _cut_short(error) from error

    async def rest(self) -> bytes:
        try:
            return await self._answer.rest()
        except BrokenOffError as error:
            raise _cut_short(error) from error

    async def close(self) -> None:
        self._answer.close()


class Upstream:
    """The ways to all providers. Built inside a running event loop.

    Providers on this machine are reached directly, all others as the system's proxy settings say.
    A proxy of the system is the operator's own
    choice: it is not judged, and it resolves names itself, so that of a provider behind it only the
    name, the port and a literal address are.
    """

    def __init__(
        self,
        *,
        connect_s: float,
        outward: Outward = Outward(),  # noqa: B008 -- immutable
        resolve: Resolve | None = None,
    ) -> None:
        self._reach = Reach(outward.rules, resolve)
        self._pool = Pool(self._reach, connect_s=connect_s)
        self._proxies = getproxies()
        self._proxied = Proxied(connect_s=connect_s) if self._proxies else None
        self._origins: tuple[dict[str, Origin], dict[str, Origin]] = ({}, {})
        self._by_proxy: dict[Origin, bool] = {}

    async def send(
        self, method: str, url: str, headers: Headers, body: bytes, *, way: Way = ANY_WAY
    ) -> UpstreamResponse:
        """Send a request; returns when the head of the answer is there. Raises UpstreamError."""
        end = url.find("/", 8)
        base = url[:end] if end > 0 else url
        origin = self._origins[way.allow_private].get(base) or self._origin(base, way)
        if self._proxied is not None and not way.direct and self._goes_by_proxy(origin):
            self._check_unresolved(origin)
            return await self._proxied.send(method, url, headers, body)
        request = _request(method, url[end:] if end > 0 else "/", origin, headers, body)
        connection = self._pool.kept(origin) or await self._open(origin, way)
        try:
            return DirectResponse(await connection.ask(request, bodiless=method == "HEAD"))
        except BrokenOffError as error:
            raise UpstreamError("connection_lost", f"no answer: {error}", sent=True) from error

    async def close(self) -> None:
        """Close idle connections."""
        self._pool.close()
        if self._proxied is not None:
            await self._proxied.close()

    def _origin(self, base: str, way: Way) -> Origin:
        try:
            origin = origin_of(base, private=way.allow_private)
        except ValueError as error:
            raise UpstreamError("bad_request_target", str(error), sent=False) from error
        self._origins[way.allow_private][base] = origin
        return origin

    def _check_unresolved(self, origin: Origin) -> None:
        try:
            self._reach.check_unresolved(origin)
        except AddressRefusedError as error:
            raise _refused(error) from error

    def _goes_by_proxy(self, origin: Origin) -> bool:
        found = self._by_proxy.get(origin)
        if found is None:
            scheme = "https" if origin.tls else "http"
            named = scheme in self._proxies or "all" in self._proxies
            found = named and not proxy_bypass(f"{origin.host}:{origin.port}")
            self._by_proxy[origin] = found
        return found

    async def _open(self, origin: Origin, way: Way) -> Connection:
        try:
            return await self._pool.open(origin, way.connect_s)
        except AddressRefusedError as error:
            raise _refused(error) from error
        except TimeoutError as error:
            raise UpstreamError(
                "connect_timeout", "no answer: connecting took too long", sent=False
            ) from error
        except ssl.SSLError as error:
            raise UpstreamError("tls_failed", f"no answer: {error}", sent=False) from error
        except (OSError, UnicodeError) as error:
            raise UpstreamError("connection_failed", f"no answer: {error}", sent=False) from error


def _request(method: str, target: str, origin: Origin, headers: Headers, body: bytes) -> bytes:
    """A request as bytes. Raises UpstreamError where it would not be one request."""
    lines = [f"{method} {target} HTTP/1.1\r\nhost: {origin.host_header}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method in _WITH_BODY:
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join(lines)
    breaks = len(lines)
    if head.count("\n") != breaks or head.count("\r") != breaks or not _TARGET.match(target):
        raise UpstreamError(
            "bad_request_target", "the request holds a line break where none may be", sent=False
        )
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + body


def _refused(error: AddressRefusedError) -> UpstreamError:
    return UpstreamError("address_refused", f"it was not called: {error}", sent=False)


def _cut_short(error: BrokenOffError) -> UpstreamError:
    return UpstreamError("connection_lost", f"the answer was cut short: {error}", sent=True)
