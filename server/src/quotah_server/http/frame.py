"""What the server itself knows of a request: its id, and who is really at the other end.

Only a peer named as a trusted proxy is believed about the client's address and scheme.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec
from starlette.requests import HTTPConnection

from quotah_server.domain.errors import StartupError
from quotah_server.domain.ids import new_id

Network = IPv4Network | IPv6Network
_KEY = "quotah.frame"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_LOOPBACK_NAME = re.compile(r"(?:.*\.)?localhost\Z|127(?:\.\d{1,3}){3}\Z|\[::1\]\Z")


class Frame(msgspec.Struct, frozen=True):
    """request_id: ours, or the caller's x-request-id where it is short and plain. ip: the client's
    address, "" when it came over a unix socket. host: the Host header, lower case."""

    request_id: str
    ip: str
    scheme: str
    host: str

    @property
    def https(self) -> bool:
        return self.scheme == "https"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def protects_cookies(self) -> bool:
        """Whether browsers treat this origin as secure: HTTPS, or this machine."""
        name = self.host if self.host.endswith("]") else self.host.rpartition(":")[0] or self.host
        return self.https or _LOOPBACK_NAME.match(name) is not None


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read comma-separated CIDRs of trusted proxies; raises StartupError naming the odd one."""
    networks: list[Network] = []
    for entry in text.replace(",", " ").split():
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError as error:
            raise StartupError(f"QUOTAH_TRUSTED_PROXIES: {entry!r} is not a network") from error
    return tuple(networks)


def frame_from(scope: Mapping[str, Any], trusted: tuple[Network, ...]) -> Frame:
    """Read an ASGI scope; forwarded headers count only behind a trusted peer."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b"," + value if name in headers else value
    client = scope.get("client")
    peer = client[0] if client else ""
    ip, scheme = peer, str(scope.get("scheme", "http"))
    if _trusts(peer, trusted):
        ip = _client_ip(headers.get(b"x-forwarded-for", b"").decode("latin-1"), peer, trusted)
        forwarded = headers.get(b"x-forwarded-proto", b"").decode("latin-1").split(",")[-1].strip()
        scheme = forwarded if forwarded in ("http", "https") else scheme
    sent = headers.get(b"x-request-id", b"").decode("latin-1")
    return Frame(
        request_id=sent if _REQUEST_ID.match(sent) else f"req_{new_id()}",
        ip=ip,
        scheme=scheme,
        host=headers.get(b"host", b"").decode("latin-1").lower(),
    )


def keep_frame(scope: MutableMapping[str, Any], frame: Frame) -> None:
    """Hang the frame on the request."""
    scope[_KEY] = frame


def frame_of(connection: HTTPConnection) -> Frame:
    """The frame of a request that passed the FrameMiddleware."""
    frame = connection.scope[_KEY]
    assert isinstance(frame, Frame)
    return frame


def _client_ip(forwarded: str, peer: str, trusted: tuple[Network, ...]) -> str:
    # From the right, each hop was written by the hop after it: the first one that is not ours is real.
    for hop in reversed([part.strip() for part in forwarded.split(",")]):
        try:
            ip_address(hop)
        except ValueError:
            break
        peer = hop
        if not _trusts(hop, trusted):
            break
    return peer


def _trusts(ip: str, trusted: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in network for network in trusted)
