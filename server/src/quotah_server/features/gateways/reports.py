"""The newest report of each gateway, in this process's memory. A gateway that falls silent is forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.gateway_state import CredentialState, GatewayState, RateLimit, decode
from quotah_server.kit.clock import Clock, utc_now

UP_S, FORGOTTEN_S = 25.0, 60.0
"""Silence after which a gateway counts as down (it reports every ten seconds), and as gone."""
MAX_BODY = 8_000_000
MAX_GATEWAYS = 64
_ID_MAX = 64
_LATER = {"closed": 0, "half_open": 1, "open": 2}


class Heard(msgspec.Struct, frozen=True):
    """A report and when it came: by our clock, and for counting its age."""

    state: GatewayState
    at: datetime
    monotonic_s: float


class Reports:
    """Any thread may hear and ask."""

    def __init__(
        self, now: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now, self._monotonic = now, monotonic
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}

    def hear(self, body: bytes) -> GatewayState:
        """Take a report; raises InvalidInputError for anything that is none."""
        state = _read(body)
        heard = Heard(state, self._now(), self._monotonic())
        with self._lock:
            self._forget()
            before = self._heard.get(state.gateway_id)
            if before is None and len(self._heard) >= MAX_GATEWAYS:
                oldest = min(self._heard, key=lambda name: self._heard[name].monotonic_s)
                del self._heard[oldest]
            self._heard[state.gateway_id] = heard
        return state

    def all(self) -> list[Heard]:
        """The newest report of each gateway that was heard of lately, by its id."""
        with self._lock:
            self._forget()
            return [self._heard[name] for name in sorted(self._heard)]

    def is_up(self, heard: Heard) -> bool:
        """Whether a gateway is not silent for longer than it should be."""
        return self._monotonic() - heard.monotonic_s <= UP_S

    def credentials(self, workspace_id: str) -> dict[str, CredentialState]:
        """How the workspace's provider keys do, by id: breakers as the worst of all gateways has them,
        the rest as the gateway says that used them last."""
        found: dict[str, CredentialState] = {}
        for state in self._states():
            for told in state.credentials:
                if told.workspace_id == workspace_id:
                    before = found.get(told.credential_id)
                    found[told.credential_id] = told if before is None else _merged(before, told)
        return found

    def limits(self, workspace_id: str) -> list[RateLimit]:
        """The workspace's limits, each as seen last, in a steady order."""
        found: dict[tuple[str, str, str, int], RateLimit] = {}
        for state in self._states():
            for told in state.rate_limits:
                if told.workspace_id != workspace_id:
                    continue
                key = (told.credential_id, told.model_group, told.dimension, told.window_s or 0)
                before = found.get(key)
                if before is None or before.observed_at < told.observed_at:
                    found[key] = told
        return [found[key] for key in sorted(found)]

    def paces(self, workspace_id: str) -> dict[tuple[str, str], float]:
        """How soon first bytes come of late, in seconds, by mount and model: the mean over gateways,
        weighted by calls."""
        sums: dict[tuple[str, str], tuple[float, int]] = {}
        for state in self._states():
            for told in state.paces:
                if told.workspace_id == workspace_id and told.calls > 0:
                    seconds, calls = sums.get((told.mount, told.model), (0.0, 0))
                    total = seconds + told.first_byte_s * told.calls
                    sums[told.mount, told.model] = (total, calls + told.calls)
        return {key: seconds / calls for key, (seconds, calls) in sums.items()}

    def _states(self) -> list[GatewayState]:
        return [heard.state for heard in self.all()]

    def _forget(self) -> None:
        """Call with the lock held."""
        earliest = self._monotonic() - FORGOTTEN_S
        for name in [name for name, old in self._heard.items() if old.monotonic_s < earliest]:
            del self._heard[name]


def newest(state: CredentialState) -> datetime | None:
    """When a provider key was last used, or failed."""
    times = [at for at in (state.last_used_at, state.last_error_at) if at is not None]
    return max(times, default=None)


def _merged(one: CredentialState, other: CredentialState) -> CredentialState:
    first, second = newest(one), newest(other)
    later = one if second is None or (first is not None and first >= second) else other
    worse = max((one, other), key=lambda told: _LATER[told.breaker])
    return msgspec.structs.replace(later, breaker=worse.breaker, open_until=worse.open_until)


def _read(body: bytes) -> GatewayState:
    try:
        state = decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("The body is no report of a gateway.") from error
    if not 1 <= len(state.gateway_id) <= _ID_MAX or not state.gateway_id.isalnum():
        raise InvalidInputError("gateway_id is no id.", field="gateway_id")
    if any(at is not None and at.tzinfo is None for at in _times(state)):
        raise InvalidInputError("A time in the report names no zone.")
    return state


def _times(state: GatewayState) -> Iterator[datetime | None]:
    yield state.at
    yield state.started_at
    for limit in state.rate_limits:
        yield limit.observed_at
        yield limit.resets_at
    for told in state.credentials:
        yield told.last_used_at
        yield told.last_error_at
        yield told.open_until
