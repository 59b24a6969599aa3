"""The one way out of the control plane.

A name is resolved once, every address it has is judged, and the connection goes to an address that was
judged: nothing is looked up again in between (DNS rebinding). Redirects are not followed, proxies from
the environment are not used, answers are bounded in size and time. The judgement stands at the socket,
so no way of writing an address can pass it by.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import httpcore2
import httpx2
import msgspec

from quotah_server.domain.errors import InvalidInputError
from quotah_server.net.addresses import (
    Address,
    EgressRules,
    folded_host,
    judge,
    read_address,
)

Resolve = Callable[[str, int], Awaitable[list[Address]]]
_RESOLVE_S = 5.0
_CONNECT_S = 5.0
_TOTAL_S = 15.0
_ANSWER_MAX = 1_000_000
_HINT = "Name the host or network in QUOTAH_EGRESS_ALLOW if this is meant."
_HINT_PRIVATE = (
    "If this is meant, store the key with private addresses allowed (allow_private), or name the host "
    "or network in QUOTAH_EGRESS_ALLOW."
)


class EgressRefusedError(InvalidInputError):
    """The address is not one that outgoing calls may reach."""

    code = "egress_refused"


class UnreachableError(Exception):
    """Nobody answered. ``reason`` is a sentence for people and holds nothing that was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Answer(msgspec.Struct, frozen=True):
    """A bounded answer. body: at most the bytes asked for; ``cut`` when there were more."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool


class _Request(msgspec.Struct, frozen=True):
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system for every address of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


class Egress:
    """Outgoing HTTP under rules. ``allow_private`` per call lets one destination be in a network of
    one's own; cloud metadata and the like stay out even then."""

    def __init__(self, rules: EgressRules, *, resolver: Resolve = resolve) -> None:
        self._rules = rules
        self._resolve = resolver

    async def check(self, url: str, *, allow_private: bool = False) -> None:
        """Refuse a URL now that a call to it would be refused for; a name that does not resolve passes,
        for it is judged again when it is used. Plain HTTP, which shows a key to everybody on the way,
        is for addresses of one's own. Raises EgressRefusedError."""
        host, port = self._destination(url)
        plain = urlsplit(url).scheme == "http" and not self._rules.allows_host(host, port)
        try:
            addresses = await self._judged(host, port, allow_private=allow_private)
        except UnreachableError:
            addresses = []
        own = [judge(found) == "private" or self._rules.allows(found) for found in addresses]
        if plain and not (own and all(own)):
            raise EgressRefusedError(
                "Plain http:// would show the key to everybody on the way; use https://.",
                field="base_url",
            )

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        allow_private: bool = False,
        answer_max: int = _ANSWER_MAX,
    ) -> Answer:
        """GET a URL; raises EgressRefusedError before anything is sent, UnreachableError after."""
        request = _Request("GET", url, headers)
        return await self._send(request, allow_private=allow_private, answer_max=answer_max)

    async def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        allow_private: bool = False,
        answer_max: int = _ANSWER_MAX,
    ) -> Answer:
        """POST to a URL; otherwise as ``get``."""
        request = _Request("POST", url, headers, body)
        return await self._send(request, allow_private=allow_private, answer_max=answer_max)

    async def _send(self, request: _Request, *, allow_private: bool, answer_max: int) -> Answer:
        self._destination(request.url)
        backend = _JudgingBackend(self, allow_private=allow_private)
        client = httpx2.AsyncClient(
            transport=_Transport(backend, _tls_context()), trust_env=False, follow_redirects=False,
            timeout=httpx2.Timeout(_TOTAL_S, connect=_CONNECT_S),
        )  # fmt: skip
        try:
            async with asyncio.timeout(_TOTAL_S), client:
                return await _fetch(client, request, answer_max)
        except httpx2.TimeoutException as error:
            raise UnreachableError("It did not answer in time.") from error
        except TimeoutError as error:
            raise UnreachableError("It did not answer in time.") from error
        except httpx2.HTTPError as error:
            raise UnreachableError(_reason(error)) from error
        except httpx2.InvalidURL as error:
            raise EgressRefusedError("The URL cannot be read.", field="base_url") from error

    async def addresses(self, host: str, port: int, *, allow_private: bool) -> list[Address]:
        """The judged addresses of a host, for connecting to. Raises EgressRefusedError when any of
        them is refused, UnreachableError when there are none."""
        return await self._judged(_folded(host), port, allow_private=allow_private)

    def _destination(self, url: str) -> tuple[str, int]:
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise EgressRefusedError("The URL cannot be read.", field="base_url") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EgressRefusedError(
                "The URL must begin with https:// or http://.", field="base_url"
            )
        if parts.username is not None or parts.password is not None:
            raise EgressRefusedError("The URL must not hold a user or password.", field="base_url")
        return _folded(parts.hostname), port

    async def _judged(self, host: str, port: int, *, allow_private: bool) -> list[Address]:
        rules = self._rules
        if rules.refuses_destination(host, port):
            raise EgressRefusedError(
                "Outgoing calls may not reach this host or port.", field="base_url", hint=_HINT
            )
        addresses = await self._lookup(host, port)
        if rules.worst_of(host, port, addresses, allow_private=allow_private) != "public":
            # Which address stays unsaid: the answer is not to be a map of the inner network.
            raise EgressRefusedError(
                "The host leads to an address that is not public.",
                field="base_url",
                hint=_HINT if allow_private else _HINT_PRIVATE,
            )
        return addresses

    async def _lookup(self, host: str, port: int) -> list[Address]:
        literal = read_address(host)
        if literal is not None:
            return [literal]
        try:
            async with asyncio.timeout(_RESOLVE_S):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise UnreachableError("Its name did not resolve in time.") from error
        except (OSError, UnicodeError) as error:
            raise UnreachableError("Its name does not resolve.") from error
        if not addresses:
            raise UnreachableError("Its name does not resolve.")
        return addresses


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


class _JudgingBackend(httpcore2.AsyncNetworkBackend):
    """Opens sockets only to addresses that were judged. TLS still verifies the name that was asked for."""

    def __init__(self, egress: Egress, *, allow_private: bool) -> None:
        self._egress = egress
        self._allow_private = allow_private
        self._plain = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the judged addresses that answers."""
        addresses = await self._egress.addresses(host, port, allow_private=self._allow_private)
        failure: Exception = httpcore2.ConnectError("no address")
        for address in addresses[:4]:
            try:
                return await self._plain.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Transport(httpx2.AsyncHTTPTransport):
    """httpx2's own transport over a pool whose sockets the judging backend opens."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls, network_backend=backend, max_connections=4
        )


async def _fetch(client: httpx2.AsyncClient, request: _Request, answer_max: int) -> Answer:
    plain = {**request.headers, "accept-encoding": "identity"}
    async with client.stream(
        request.method, request.url, headers=plain, content=request.body
    ) as response:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > answer_max:
                break
        kept = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, kept, bytes(body[:answer_max]), len(body) > answer_max)


def _folded(host: str) -> str:
    try:
        return folded_host(host)
    except ValueError as error:
        raise EgressRefusedError("The URL names no host.", field="base_url") from error


def _reason(error: httpx2.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "Its TLS certificate is not valid for this name."
        if isinstance(cause, ssl.SSLError):
            return "It does not speak TLS as expected."
        if isinstance(cause, UnreachableError):
            return cause.reason
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.ConnectError):
        return "The connection was refused, or the host is not reachable."
    return "The connection broke before an answer came."
