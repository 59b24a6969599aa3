"""Which headers travel on: hop-by-hop ones and ours stay here, all others pass as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from quotah_server.domain.secrets import PREFIXES
from quotah_server.gateway.attribution import PREFIX

_HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
KEY_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "api-key"})
"""Where vendors' clients put their keys; none of them travels on as it came."""
_NOT_SENT = _HOP_BY_HOP | KEY_HEADERS | {
    "host", "content-length", "expect", "accept-encoding",
    "x-http-method-override", "x-http-method", "x-method-override", "cookie",
}  # fmt: skip
"""A request is what its first line says: a GET that some server takes for a POST would be billed without
being counted."""
GATEWAY_KEY = PREFIXES["gateway"]
"""How every key of ours begins; no header that holds one goes on, whatever its name."""
_NOT_RETURNED = _HOP_BY_HOP | {"alt-svc", "content-length"}
_PREFIX_LENGTH = len(PREFIX)
_ORDINARY_MAX = 512
_ordinary: set[str] = set()
"""Names that were seen in requests and mean nothing to us: looked up in one step."""
_returned: set[str] = set()
"""Names that were seen in answers and go back to the client."""


class Scanned(msgspec.Struct):
    """The headers of a request. keys: those that hold one, as they came. ours: names without
    ``x-quotah-``. held: bytes of a large body that are counted against all such bodies."""

    forward: list[tuple[str, str]]
    keys: list[tuple[str, str]]
    ours: dict[str, str]
    traceparent: str | None = None
    content_length: int | None = None
    chunked: bool = False
    size: int = 0
    held: int = 0


def scan(items: Sequence[tuple[str, str]]) -> Scanned:  # noqa: C901, PLR0912 -- one pass; a function per header is felt
    """Sort the headers of a request; names come in lower case."""
    forward: list[tuple[str, str]] = []
    keys: list[tuple[str, str]] = []
    found = Scanned(forward, keys, {})
    named: set[str] = set()
    for item in items:
        name, value = item
        if name in _ordinary:
            if GATEWAY_KEY not in value:
                forward.append(item)
        elif name in _NOT_SENT:
            if name in KEY_HEADERS:
                keys.append(item)
            elif name == "content-length":
                found.content_length = int(value) if value.isdigit() else None
            elif name == "transfer-encoding":
                found.chunked = True
            elif name == "connection":
                named.update(part.strip().lower() for part in value.split(","))
            elif name == "cookie" and (kept := _foreign_cookies(value)):
                forward.append((name, kept))
        elif name.startswith(PREFIX):
            found.ours[name[_PREFIX_LENGTH:]] = value
        elif GATEWAY_KEY not in value:
            if name == "traceparent":
                found.traceparent = value
            elif len(_ordinary) < _ORDINARY_MAX:
                _ordinary.add(name)
            forward.append(item)
    named.discard("keep-alive")
    named.discard("close")
    if named:
        found.forward = [item for item in forward if item[0] not in named]
    found.size = sum(map(len, chain.from_iterable(items)))
    return found


def _foreign_cookies(value: str) -> str:
    """The cookies of a header without those of Quotah's: a browser sends the session of a dashboard on
    the same host along, as cookies know no ports."""
    pairs = value.split(";")
    kept = [pair for pair in pairs if "quotah" not in pair.partition("=")[0].lower()]
    return "; ".join(pair.strip() for pair in kept if pair.strip() and GATEWAY_KEY not in pair)


def returned(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer as the client gets them, without its length."""
    return [item for item in headers if item[0] in _returned or _goes_back(item[0])]


def _goes_back(name: str) -> bool:
    goes = name not in _NOT_RETURNED and not name.startswith(PREFIX)
    if goes and len(_returned) < _ORDINARY_MAX:
        _returned.add(name)
    return goes
