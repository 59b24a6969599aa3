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

from quotah_server.gateway.connection import Answer, BrokenOffError, Connection, SpeaksHttp2Error
from quotah_server.gateway.http2 import Http2Connection
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
_line = ": ".join
_REMEMBERED, _REMEMBERED_LENGTH = 512, 200
_Places = dict[str, tuple[Origin, str]]
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
        self._pool = Pool(self._reach, connect_s=connect_s, http2=outward.http2)
        self._proxies = getproxies()
        self._proxied = Proxied(connect_s=connect_s) if self._proxies else None
        self._origins: tuple[dict[str, Origin], dict[str, Origin]] = ({}, {})
        self._known: tuple[_Places, _Places] = ({}, {})
        self._by_proxy: dict[Origin, bool] = {}

    async def send(
        self, method: str, url: str, headers: Headers, body: bytes, *, way: Way = ANY_WAY,
        _again: bool = False,
    ) -> UpstreamResponse:  # fmt: skip
        """Send a request; returns when the head of the answer is there. Raises UpstreamError."""
        origin, target = self._known[way.allow_private].get(url) or self._read(url, way)
        if self._proxied is not None and not way.direct and self._goes_by_proxy(origin):
            self._check_unresolved(origin)
            return await self._proxied.send(method, url, headers, body)
        head = _head(method, target, origin, headers, len(body))
        connection = self._pool.kept(origin) or await self._open(origin, way)
        try:
            if isinstance(connection, Connection):
                return DirectResponse(await connection.ask(head + body, bodiless=method == "HEAD"))
            sized = method in _WITH_BODY
            return DirectResponse(
                await connection.ask(method, origin.host_header, target, headers, body, sized=sized)
            )
        except BrokenOffError as error:
            if not _again and self._learnt(error, origin, way):
                return await self.send(method, url, headers, body, way=way, _again=True)
            sent = not error.unsent
            raise UpstreamError("connection_lost", str(error), sent=sent) from error

    def _learnt(self, error: BrokenOffError, origin: Origin, way: Way) -> bool:
        """Whether a request may go again, in the HTTP that the provider speaks."""
        if not isinstance(error, SpeaksHttp2Error) or way.http2 is False:
            return False
        return bool(way.http2) or self._pool.speaks_only_http2(origin)

    async def close(self) -> None:
        """Close idle connections."""
        self._pool.close()
        if self._proxied is not None:
            await self._proxied.close()

    def _read(self, url: str, way: Way) -> tuple[Origin, str]:
        """The origin and the target of a URL; of plain ones they are remembered."""
        end = url.find("/", 8)
        base, target = (url[:end], url[end:]) if end > 0 else (url, "/")
        origin = self._origins[way.allow_private].get(base) or self._origin(base, way)
        if not _TARGET.match(target):
            raise UpstreamError(
                "bad_request_target", "the request holds a line break where none may be", sent=False
            )
        if len(url) <= _REMEMBERED_LENGTH and "?" not in target:
            known = self._known[way.allow_private]
            if len(known) >= _REMEMBERED:
                known.clear()
            known[url] = origin, target
        return origin, target

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

    async def _open(self, origin: Origin, way: Way) -> Connection | Http2Connection:
        try:
            return await self._pool.open(origin, way.connect_s, http2=way.http2)
        except AddressRefusedError as error:
            raise _refused(error) from error
        except TimeoutError as error:
            raise UpstreamError(
                "connect_timeout", "connecting to it took too long", sent=False
            ) from error
        except ssl.SSLError as error:
            raise UpstreamError("tls_failed", f"no TLS with it ({error})", sent=False) from error
        except (OSError, UnicodeError, BrokenOffError) as error:
            reason = getattr(error, "strerror", None) or error
            text = f"no connection to it ({reason})"
            raise UpstreamError("connection_failed", text, sent=False) from error


def _head(method: str, target: str, origin: Origin, headers: Headers, length: int) -> bytes:
    """The head of a request as bytes. Raises UpstreamError where it would not be that of one request."""
    lines = [f"{method} {target} HTTP/1.1\r\nhost: {origin.host_header}", *map(_line, headers)]
    if length or method in _WITH_BODY:
        lines.append(f"content-length: {length}")
    head = "\r\n".join(lines)
    breaks = len(lines)
    if head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise UpstreamError(
            "bad_request_target", "the request holds a line break where none may be", sent=False
        )
    return head.encode("latin-1", "replace") + b"\r\n\r\n"


def _refused(error: AddressRefusedError) -> UpstreamError:
    return UpstreamError("address_refused", f"it was not called: {error}", sent=False)


def _cut_short(error: BrokenOffError) -> UpstreamError:
    return UpstreamError("connection_lost", f"the answer was cut short: {error}", sent=True)
