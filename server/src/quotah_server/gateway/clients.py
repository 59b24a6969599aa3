"""Who is connected to the gateway: how many at most, and how long each may keep us waiting."""

from __future__ import annotations

from typing import Protocol

import msgspec

_PER_CLIENT = 2
"""Files that a client takes: its own connection, and one to a provider."""
_OF_OUR_OWN = 256
_MOST = 20_000


class Patience(msgspec.Struct, frozen=True):
    """How long clients may take, in seconds. look_s: time between looks; a limit is exceeded by at most
    as much."""

    look_s: float = 2.0
    head_s: float = 8.0
    """For the head of a request, once it has begun."""
    idle_s: float = 120.0
    """For the next request, or the first."""
    body_s: float = 10.0
    """For each ``body_bytes`` of a body that is waited for."""
    body_bytes: int = 2048
    stuck_s: float = 120.0
    """For taking anything at all of an answer of which more is waiting."""


class Client(Protocol):
    """A connection of a client."""

    stopping: bool

    @property
    def idle(self) -> bool: ...
    def look(self, now: float, patience: Patience) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Clients:
    """All connections. most: beyond it, the one that has stood idle for longest gives way."""

    __slots__ = ("away", "idle", "most", "open", "refused", "turned_out")

    def __init__(self, most: int = _MOST) -> None:
        self.most = most
        self.open: set[Client] = set()
        self.idle: dict[Client, None] = {}
        """Those without a request under way, the longest idle first."""
        self.away: set[Client] = set()
        """Those that were not admitted and are still being told so."""
        self.turned_out = 0
        self.refused = 0

    def came(self, client: Client) -> bool:
        """Admit a connection; False where everybody else has a request under way."""
        if len(self.open) >= self.most:
            oldest = next(iter(self.idle), None)
            if oldest is None:
                self.refused += 1
                self.away.add(client)
                return False
            self.turned_out += 1
            self.left(oldest)
            oldest.abort()
        self.open.add(client)
        self.idle[client] = None
        return True

    def left(self, client: Client) -> None:
        """A connection is no more."""
        self.open.discard(client)
        self.away.discard(client)
        self.idle.pop(client, None)


def most_clients(files: int) -> int:
    """How many clients a limit of open files leaves room for."""
    return max(16, min(_MOST, (files - _OF_OUR_OWN) // _PER_CLIENT))
