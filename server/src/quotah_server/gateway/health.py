"""What the circuits of provider keys and the paces of models learn from every attempt."""

from __future__ import annotations

import time

from quotah_server.gateway.attempts import Attempt
from quotah_server.gateway.breaker import Trouble
from quotah_server.gateway.paces import gait_of
from quotah_server.gateway.retrying import NEVER
from quotah_server.kit.clock import Clock

_FIRST_SERVER_ERROR = 500
_SPENT_PAUSE_S = 60.0
_TROUBLES: dict[int, Trouble] = {401: "invalid", 403: "invalid", 429: "rate_limited"}
_WORDS = {
    "connection_failed": "No connection to the provider came about.",
    "connect_timeout": "Connecting to the provider took too long.",
    "tls_failed": "No secure connection to the provider came about.",
    "connection_lost": "The provider broke off the connection.",
    "timeout": "The provider took too long to answer.",
}
_FAILED_WITHIN = frozenset({"overloaded_error", "api_error", "server_error"})
"""Failures of the provider that stand in an answer which began well."""


class Health:
    """Tells circuits and paces, each attempt once. Belongs to the event loop's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def head(self, attempt: Attempt) -> None:
        """A good answer has begun."""
        admitted, now = attempt.admitted, time.monotonic()
        if admitted.credential.circuit.until:
            admitted.credential.circuit.answered(attempt.began)
        gait = gait_of(admitted.mount.gaits, attempt.model or "")
        if gait is not None:
            gait.heard(now - attempt.began, now, streaming=attempt.streaming)

    def status(
        self, attempt: Attempt, status: int, wait_s: float | None, code: str | None = None
    ) -> None:
        """An answer reports a failure, for which provider, key or caller is to blame."""
        trouble = _TROUBLES.get(status)
        if trouble is None and status >= _FIRST_SERVER_ERROR:
            trouble = "failing"
        if trouble is None:
            return
        if code in NEVER:
            self._failed(attempt, f"Its money is spent ({code}).", trouble, _SPENT_PAUSE_S)
        else:
            self._failed(attempt, f"The provider answered {status}.", trouble, wait_s)

    def no_answer(self, attempt: Attempt, kind: str) -> None:
        """No answer came, or it broke off."""
        self._failed(attempt, _WORDS.get(kind, f"The provider could not be asked ({kind})."))

    def end(self, attempt: Attempt, status: str, error_class: str | None) -> None:
        """An attempt of which nothing was told before is over."""
        circuit = attempt.admitted.credential.circuit
        if status in ("cancelled", "interrupted") or error_class == "gateway_error":
            circuit.left(attempt.began)
        elif error_class in _FAILED_WITHIN:
            self._failed(attempt, f"The provider reported {error_class} within an answer.")
        else:
            circuit.went_well(attempt.began, time.monotonic())

    def _failed(
        self,
        attempt: Attempt,
        why: str,
        trouble: Trouble = "failing",
        wait_s: float | None = None,
    ) -> None:
        attempt.judged = True
        attempt.admitted.credential.circuit.failed(
            trouble, why, self._clock(), attempt.began, time.monotonic(), wait_s
        )
