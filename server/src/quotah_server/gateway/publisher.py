"""What the gateway tells the control plane of itself, every few seconds, from a thread of its own.

A control plane that is away, or that takes a report and never answers, costs the calls nothing: the
next report makes up for the one that was lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from quotah_server.domain import gateway_state as wire
from quotah_server.domain.gateway_state import GatewayState
from quotah_server.domain.ids import new_id
from quotah_server.kit import files

_log = structlog.get_logger("quotah.gateway.publisher")
EVERY_S, HEARTBEAT_S, CLOSE_S = 2.0, 10.0, 2.0

Report = Callable[[bytes, float], None]
"""Hands a state (msgpack) to the control plane within some seconds; raises OSError when it does not."""


class Publisher:
    """Sends what ``collect`` tells when it is news, else as a sign of life.

    collect: the state now; called in the publisher's thread, must not block. every_s: shortest time
    between reports; heartbeat_s: longest.
    """

    def __init__(
        self,
        report: Report,
        collect: Callable[[], GatewayState],
        *,
        every_s: float = EVERY_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._report, self._collect = report, collect
        self._every_s, self._heartbeat_s = every_s, heartbeat_s
        self._stop = threading.Event()
        self._told: bytes = b""
        self._told_at = float("-inf")
        self.failures = 0
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to report; the first report goes out at once."""
        self._thread.start()

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Send a last report and end; blocks for the timeout at most."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look(self._every_s + EVERY_S)
            self._stop.wait(self._every_s)
        self._look(CLOSE_S, always=True)

    def _look(self, timeout_s: float, *, always: bool = False) -> None:
        try:
            state = self._collect()
            news = wire.encode(msgspec.structs.replace(state, at=state.started_at))
            now = time.monotonic()
            if not always and news == self._told and now - self._told_at < self._heartbeat_s:
                return
            self._report(wire.encode(state), timeout_s)
            self._told, self._told_at = news, now
        except OSError:
            # The snapshot's thread tells that the control plane is away.
            self.failures += 1
        except Exception:  # noqa: BLE001 -- a state that cannot be told must not end the telling
            self.failures += 1
            if self.failures == 1:
                _log.exception("state_not_reported")


def gateway_id(folder: Path) -> str:
    """The name by which this gateway is known, kept in its folder; a new one where that fails."""
    path = folder / "id"
    try:
        known = path.read_text(encoding="ascii").strip()
        if len(known) == 32 and known.isalnum():
            return known
    except (OSError, UnicodeDecodeError):
        pass
    fresh = new_id()
    try:
        files.replace(path, fresh.encode())
    except OSError as error:
        _log.warning("gateway_id_not_kept", reason=str(error))
    return fresh
