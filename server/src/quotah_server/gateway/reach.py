"""Where connections to providers may lead: judged right before connecting, at every address.

A name is resolved once; who connects takes the addresses that were judged and asks nobody again, so a
name that leads elsewhere a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from quotah_server.net.addresses import Address, EgressRules, folded_host, read_address

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WHY = {
    "private": (
        "its address is in a private network or on this machine; store its key with "
        "allow_private, or name the host in QUOTAH_EGRESS_ALLOW"
    ),
    "forbidden": (
        "its address is none that a provider has (cloud metadata, multicast, reserved); name it in "
        "QUOTAH_EGRESS_ALLOW if this is meant"
    ),
}


class AddressRefusedError(Exception):
    """No connection may lead there. The text names the way out, and not the address: the answer is
    not to be a map of the inner network."""


class Origin(msgspec.Struct, frozen=True, cache_hash=True):
    """Where connections lead. host_header: as the ``host`` of a request. private: addresses in a network
    of one's own are allowed; connections are never shared with an origin of which that is not so."""

    host: str
    port: int
    tls: bool
    host_header: str
    private: bool = False


def origin_of(scheme_and_authority: str, *, private: bool = False) -> Origin:
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
    header = shown if port == usual else f"{shown}:{port}"
    return Origin(host, port, parts.scheme == "https", header, private)


class Reach:
    """Finds and judges addresses. Build it inside a running event loop."""

    def __init__(self, rules: EgressRules, resolve: Resolve | None = None) -> None:
        self._rules = rules
        self._loop = asyncio.get_running_loop()
        self._resolve = resolve or self._ask_system

    async def addresses(self, origin: Origin) -> list[Address]:
        """The addresses to connect to, at least one; raises AddressRefusedError when any of them is
        refused, OSError when the name leads nowhere."""
        host = self._checked(origin)
        literal = read_address(host)
        found = [literal] if literal is not None else await self._resolve(host, origin.port)
        if not found:
            raise OSError("its name does not resolve")
        self._judge(host, origin, found)
        return list(found)

    def check_unresolved(self, origin: Origin) -> None:
        """Judge what can be judged where a proxy resolves the name: names, ports, literal addresses.
        Raises AddressRefusedError."""
        host = self._checked(origin)
        literal = read_address(host)
        if literal is not None:
            self._judge(host, origin, [literal])

    def _checked(self, origin: Origin) -> str:
        try:
            host = folded_host(origin.host)
        except ValueError as error:
            raise AddressRefusedError("its host is none") from error
        if self._rules.refuses_destination(host, origin.port):
            raise AddressRefusedError(
                "its name or port is that of another service; name host:port in QUOTAH_EGRESS_ALLOW "
                "if this is meant"
            )
        return host

    def _judge(self, host: str, origin: Origin, found: Sequence[Address]) -> None:
        verdict = self._rules.worst_of(host, origin.port, found, allow_private=origin.private)
        if verdict != "public":
            raise AddressRefusedError(_WHY[verdict])

    async def _ask_system(self, host: str, port: int) -> Sequence[Address]:
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
