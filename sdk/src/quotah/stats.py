"""What became of the events so far."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stats:
    """A snapshot of counts since the start of the process (or the fork)."""

    enabled: bool
    """False: nothing is recorded; ``reason`` says why."""
    reason: str
    queued: int
    """Calls and events that wait in memory."""
    sent: int
    """Events that the server took (new ones and such that it had already)."""
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    """Events that were given up, by why: ``overflow`` (the queue was full, the oldest went),
    ``refused`` (the server will not take the batch), ``rejected`` (the server found an event
    wrong), ``unreadable`` (a call that could not be understood)."""
    retries: int = 0
    """Batches that had to be sent again."""
    last_error: str = ""
    """The newest trouble in reaching the server."""
