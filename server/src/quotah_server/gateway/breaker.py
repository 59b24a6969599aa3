"""A circuit breaker per provider key: a key that fails is left alone for a while.

It opens after 5 failures in a row, or where of at least 20 calls within half a minute every second one
failed; at once where the provider says that the key is invalid or has reached its limit. When its pause
is over one call is let through: if that goes well the circuit is closed, else the pause is doubled. An
open circuit is advice: where no other key is there, the call is made all the same.

Counts belong to the event loop's thread; ``states`` may be asked from any.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from quotah_server.domain.gateway_state import Breaker, CredentialState, Health
from quotah_server.kit.clock import Clock

IN_A_ROW, ENOUGH, WINDOW_S = 5, 20, 30.0
_FIRST_PAUSE_S = {"invalid": 60.0, "rate_limited": 1.0, "failing": 5.0}
_LONGEST_PAUSE_S = {"invalid": 300.0, "rate_limited": 20.0, "failing": 300.0}
_LONGEST_WAIT_S = 300.0
"""A provider may ask for a longer pause; after so long one call finds out all the same."""

Trouble = Literal["invalid", "rate_limited", "failing"]


class Circuit:
    """What is known of one provider key. Times are seconds of the monotonic clock.

    turn: the place of its credential in the rotation (see ``choosing``). opened_at: of the last
    opening; what began before it says nothing about the time after.
    """

    __slots__ = (
        "_bad", "_bad_before", "_ok", "_ok_before", "_pause_s", "_probing", "_since", "_trouble",
        "credential_id", "in_a_row", "last_error", "last_error_at", "last_used_at", "opened_at",
        "turn", "until", "workspace_id",
    )  # fmt: skip

    def __init__(self, workspace_id: str, credential_id: str) -> None:
        self.workspace_id, self.credential_id = workspace_id, credential_id
        self.turn = 0
        self.until = 0.0
        self.opened_at = 0.0
        self.in_a_row = 0
        self.last_used_at: datetime | None = None
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None
        self._trouble: Trouble = "failing"
        self._pause_s = 0.0
        self._probing = False
        self._since = 0.0
        self._ok = self._bad = self._ok_before = self._bad_before = 0

    def passes(self, now: float) -> bool:
        """Whether a call may be made without doubt: it is closed, or it is time to try."""
        return not self.until or (now >= self.until and not self._probing)

    def began(self, started_at: datetime, now: float) -> None:
        """A call is made with the key."""
        self.last_used_at = started_at
        if self.until and now >= self.until:
            self._probing = True

    def answered(self, began: float) -> None:
        """A call got the head of a good answer, which is all that an open circuit waits for."""
        if self.until and began > self.opened_at:
            self._close()

    def went_well(self, began: float, now: float) -> None:
        """A call ended, and not by a fault of the provider."""
        self._count(now, 1, 0)
        if self.until:
            self.answered(began)
        else:
            self.in_a_row = 0

    def left(self, began: float) -> None:
        """A call ended without telling anything about the key."""
        if began > self.opened_at:
            self._probing = False

    def failed(
        self,
        trouble: Trouble,
        why: str,
        at: datetime,
        began: float,
        now: float,
        wait_s: float | None = None,
    ) -> None:
        """A call failed. why: without anything that was sent or received. wait_s: the pause for which
        the provider asked."""
        self.last_error, self.last_error_at = why[:200], at
        if self.until and began <= self.opened_at:
            if wait_s is not None:
                self.until = max(self.until, now + min(wait_s, _LONGEST_WAIT_S))
            return
        if trouble == "failing" and not self.until:
            self.in_a_row += 1
            self._count(now, 0, 1)
            if self.in_a_row < IN_A_ROW and not self._half_failed():
                return
        self._open(trouble, now, wait_s)

    def state(self, at: datetime, now: float) -> CredentialState:
        """What to tell of it."""
        until = self.until
        breaker: Breaker = "closed"
        if until:
            breaker = "open" if now < until else "half_open"
        return CredentialState(
            workspace_id=self.workspace_id,
            credential_id=self.credential_id,
            health=self._health(),
            breaker=breaker,
            open_until=at + timedelta(seconds=until - now) if breaker == "open" else None,
            last_used_at=self.last_used_at,
            last_error=self.last_error,
            last_error_at=self.last_error_at,
        )

    def _health(self) -> Health:
        if self.until:
            return self._trouble
        if self.last_used_at is None:
            return "never_used"
        return "failing" if self.in_a_row else "healthy"

    def _open(self, trouble: Trouble, now: float, wait_s: float | None) -> None:
        again = self.until and trouble == self._trouble
        longest = _LONGEST_PAUSE_S[trouble]
        self._pause_s = min(self._pause_s * 2, longest) if again else _FIRST_PAUSE_S[trouble]
        pause_s = self._pause_s if wait_s is None else min(wait_s, _LONGEST_WAIT_S)
        self._trouble = trouble
        self.opened_at = now
        self.until = now + pause_s
        self._probing = False

    def _close(self) -> None:
        self.until = self._pause_s = 0.0
        self.in_a_row = 0
        self._probing = False
        self._ok = self._bad = self._ok_before = self._bad_before = 0

    def _count(self, now: float, ok: int, bad: int) -> None:
        """Two halves of the window, of which the older one is dropped when it is too old."""
        age = now - self._since
        if age >= WINDOW_S / 2:
            fresh = age < WINDOW_S
            self._ok_before, self._bad_before = (self._ok, self._bad) if fresh else (0, 0)
            self._ok = self._bad = 0
            self._since = now
        self._ok += ok
        self._bad += bad

    def _half_failed(self) -> bool:
        bad = self._bad + self._bad_before
        total = bad + self._ok + self._ok_before
        return total >= ENOUGH and bad * 2 >= total


class Circuits:
    """The circuits of all keys in use. A key that was replaced begins anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[tuple[str, str], Circuit] = {}

    def of(self, workspace_id: str, credential_id: str, secret: str) -> Circuit:
        """The circuit of a credential. secret: as the snapshot has it, encrypted."""
        name = (credential_id, secret)
        found = self._held.get(name)
        if found is None:
            found = self._held[name] = Circuit(workspace_id, credential_id)
        return found

    def keep(self, used: Iterable[Circuit]) -> None:
        """Forget all but these."""
        stays = set(map(id, used))
        self._held = {name: one for name, one in self._held.items() if id(one) in stays}

    def states(self) -> tuple[CredentialState, ...]:
        """How every key does."""
        at, now = self._clock(), time.monotonic()
        return tuple(one.state(at, now) for one in tuple(self._held.values()))
