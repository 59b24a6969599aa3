"""What providers say of their limits, per credential, model and dimension, as last heard.

Answering a call costs one append: the answer's header list is kept as it is and read when somebody
asks. What an answer does not say stays as it was last said, with the time of that.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime
from typing import Protocol

import msgspec

from quotah_server.domain.gateway_state import RateLimit
from quotah_server.kit.clock import Clock

_HEARD_PER_MODEL = 4
_MOST_UNREAD, _MOST_LIMITS = 4_096, 8_192
_MOST_BODY = 64 * 1024
_TOO_MANY_REQUESTS = 429
_Key = tuple[str, str | None]


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Paid(Protocol):
    """The part of a credential that is needed here."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...


class Mounted(Protocol):
    """The part of a mount that is needed here."""

    @property
    def provider(self) -> Named: ...


class _Heard(msgspec.Struct, frozen=True):
    workspace_id: str
    provider: str
    at: datetime
    status: int
    headers: list[tuple[str, str]]
    body: bytes | None


class RateLimits:
    """``heard`` belongs to the event loop's thread; any one thread may call ``snapshot``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unread: dict[_Key, deque[_Heard]] = {}
        self._known: OrderedDict[tuple[str, str, str], RateLimit] = OrderedDict()

    def heard(
        self,
        credential: Paid,
        mount: Mounted,
        model: str | None,
        status: int,
        headers: list[tuple[str, str]],
        body: bytes | None = None,
    ) -> None:
        """An answer came for a stored credential. headers: names in lower case; not changed later.
        body: of a 429, where it is at hand."""
        unread = self._unread
        key = (credential.id, model)
        heard = unread.get(key)
        if heard is None:
            if len(unread) >= _MOST_UNREAD:
                return
            heard = unread[key] = deque(maxlen=_HEARD_PER_MODEL)
        if status != _TOO_MANY_REQUESTS or (body is not None and len(body) > _MOST_BODY):
            body = None
        heard.append(
            _Heard(
                credential.workspace_id, mount.provider.name, self._clock(), status, headers, body
            )
        )

    def snapshot(self) -> tuple[RateLimit, ...]:
        """All limits that are known, each as last heard."""
        return tuple(self._known.values())
