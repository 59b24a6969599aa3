"""Which addresses the outside may make us connect to. Standard library only, no I/O.

An address is judged by what it finally reaches: an IPv6 address that carries an IPv4 one (mapped,
compatible, 6to4, NAT64, Teredo, ISATAP) is judged by both. What no list allows is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Verdict = Literal["public", "private", "forbidden"]
"""private: a network of one's own, reachable where that is allowed. forbidden: never a provider
(cloud metadata, multicast, reserved), unless the operator names it."""

_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
_FORBIDDEN = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog"})
_BAD_PORTS = frozenset(
    {22, 23, 25, 53, 110, 111, 119, 135, 139, 143, 389, 445, 465, 587, 636, 993, 995, 1433, 1521}
    | {2049, 2375, 2376, 2379, 3306, 3389, 5432, 5900, 6379, 6443, 9042, 9200, 11211, 27017}
)


class EgressRules(msgspec.Struct, frozen=True):
    """What the operator allows beyond public addresses: networks, and names with all they resolve to."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    """``host:port`` pairs; the built-in mock provider's own is one."""

    def allows_host(self, host: str, port: int) -> bool:
        """Whether everything behind this name may be reached."""
        return host in self.hosts or f"{host}:{port}" in self.origins

    def allows(self, address: Address) -> bool:
        """Whether the address itself is on the list."""
        return any(
            address.version == network.version and address in network for network in self.networks
        )

    def refuses_destination(self, host: str, port: int) -> bool:
        """Whether a name or port is refused wherever it leads to. host: folded."""
        if self.allows_host(host, port):
            return False
        return is_refused_name(host) or is_refused_port(port)

    def worst_of(
        self, host: str, port: int, addresses: Iterable[Address], *, allow_private: bool
    ) -> Verdict:
        """``public`` when every address of a host may be reached; else what forbids it."""
        if self.allows_host(host, port):
            return "public"
        found = {judge(address) for address in addresses if not self.allows(address)}
        if "forbidden" in found:
            return "forbidden"
        return "private" if "private" in found and not allow_private else "public"


def parse_rules(text: str, *origins: str) -> EgressRules:
    """Read QUOTAH_EGRESS_ALLOW: CIDRs, addresses, names, ``host:port``, comma separated.

    origins: further host:port pairs. Raises ValueError naming an entry that is none of these.
    """
    networks: list[Network] = []
    hosts: set[str] = set()
    pairs = set(origins)
    for entry in text.replace(",", " ").split():
        try:
            networks.append(ip_network(entry, strict=False))
            continue
        except ValueError:
            name, colon, port = entry.rpartition(":")
        if "/" in entry:
            raise ValueError(f"{entry!r} is neither a network nor a host name")
        if colon and port.isdigit():
            pairs.add(f"{folded_host(name)}:{port}")
        else:
            hosts.add(folded_host(entry))
    return EgressRules(tuple(networks), frozenset(hosts), frozenset(pairs))


def folded_host(host: str) -> str:
    """A host name as it is compared: width and case folded, IDNA, no trailing dot, no brackets.

    Raises ValueError for what can be no host.
    """
    host = unicodedata.normalize("NFKC", host).strip("[]").rstrip(".").lower()
    if not host or len(host) > 253 or any(char.isspace() or char in "/@?#\\%" for char in host):
        raise ValueError("is not a host")
    try:
        return host if ":" in host else host.encode("idna").decode()
    except UnicodeError as error:
        raise ValueError("is not a host") from error


def is_refused_name(host: str) -> bool:
    """Names that mean cloud metadata wherever they resolve to."""
    return host in _METADATA_NAMES


def is_refused_port(port: int) -> bool:
    """Ports of services that are no HTTP API."""
    return port in _BAD_PORTS or not 1 <= port <= 65535


def judge(address: Address) -> Verdict:
    """Judge an address with all that it carries inside; the worst part counts."""
    verdicts = {_judge_one(part) for part in _parts(address)}
    for verdict in ("forbidden", "private"):
        if verdict in verdicts:
            return verdict
    return "public"


def _judge_one(address: Address) -> Verdict:
    if _within(address, _FORBIDDEN):
        return "forbidden"
    if _within(address, _PRIVATE):
        return "private"
    if isinstance(address, IPv4Address) or address in _PUBLIC_V6:
        return "public"
    return "forbidden"


def _parts(address: Address) -> Iterator[Address]:
    """The address itself, unless it is only a wrapper, and every IPv4 address inside of it."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.scope_id is not None:
        yield IPv6Address("fe80::1")
    bits = int(address)
    low = IPv4Address(bits & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or (address in _COMPATIBLE and bits > 1):
        yield low
        return
    if address in _NAT64:
        yield low
        return
    if address.sixtofour is not None:
        yield address.sixtofour
        return
    yield IPv6Address(bits)
    if bits >> 32 & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):
        yield low


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def read_address(host: str) -> Address | None:
    """The address that a host literally is; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
