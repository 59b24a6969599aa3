"""The log of every request that a provider would bill: the other side of every reconciliation.

An entry appears when the answer begins and is settled once, before the bytes that end the answer
leave, so that a caller who has the whole answer always finds its settled line.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TextIO

import msgspec

from quotah_server.mock.exchange import Bill, Request, Usage

_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "proxy-authorization",
    }
)


class Entry(msgspec.Struct):
    """One billed request. ``outcome`` is open, complete, cut (by a fault) or client_gone."""

    n: int
    id: str
    request_id: str
    provider: str
    operation: str
    model: str
    usage: Usage
    streaming: bool
    status: int
    outcome: str
    at: str
    key_fingerprint: str
    """First 16 hex digits of the SHA-256 of the key that was presented; never the key."""
    request_sha256: str
    headers: dict[str, str]


class Ledger:
    """Keeps the newest ``capacity`` entries in memory; given a path, every settled one on disk.

    Raises OSError when the file cannot be opened for appending.
    """

    def __init__(self, path: Path | None = None, capacity: int = 100_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        self._count = 0

    def open(
        self,
        bill: Bill,
        request: Request,
        *,
        request_id: str,
        fingerprint: str,
        digest: str,
        at: str,
    ) -> Entry:
        """Add the entry of an answer that begins now."""
        self._count += 1
        entry = Entry(
            n=self._count,
            id=bill.id,
            request_id=request_id,
            provider=bill.provider,
            operation=bill.operation,
            model=bill.model,
            usage=bill.usage,
            streaming=bill.streaming,
            status=200,
            outcome="open",
            at=at,
            key_fingerprint=fingerprint,
            request_sha256=digest,
            headers={k: v for k, v in request.headers.items() if k not in _SECRET_HEADERS},
        )
        self._entries.append(entry)
        return entry

    def settle(self, entry: Entry, outcome: str, usage: Usage) -> None:
        """Write down how an answer ended; later calls for the same entry change nothing."""
        if entry.outcome != "open":
            return
        entry.outcome = outcome
        entry.usage = usage
        if self._file is not None:
            self._file.write(msgspec.json.encode(entry).decode() + "\n")
            self._file.flush()

    def entries(self) -> list[Entry]:
        """The entries in memory, oldest first."""
        return list(self._entries)

    def lines(self, after: int = 0) -> bytes:
        """The entries numbered above ``after`` as JSON lines, oldest first."""
        return b"".join(msgspec.json.encode(e) + b"\n" for e in self._entries if e.n > after)

    def clear(self) -> None:
        """Forget the entries in memory; numbering goes on and the file is left alone."""
        self._entries.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
