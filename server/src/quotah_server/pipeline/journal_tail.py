"""The newest rows of a journal, in memory: a drainer that keeps up never reads the file.

Reading rows back costs a step of SQLite each, and each step hands Python's lock over twice. Only
rows that are committed stand here, so that nothing is handed on that a kill would take back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from quotah_server.pipeline.journal_file import Row


class Tail:
    """Belongs to the journal's thread. max_bytes: of payload; beyond it the oldest leave first.

    What stands here is always the end of the file's queue, without a gap.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._rows: deque[Row] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._rows)

    def took(self, last: int, items: Sequence[tuple[str, bytes]]) -> None:
        """Rows were committed, numbered without a gap; last: the number of the last one."""
        seq = last - len(items)
        for event_id, payload in items:
            seq += 1
            self._rows.append((seq, event_id, payload))
            self._size += len(payload)
        while self._size > self._max:
            self._size -= len(self._rows.popleft()[2])

    def gone(self, seqs: Collection[int]) -> None:
        """Rows left the queue."""
        wanted = frozenset(seqs)
        rows = self._rows
        while rows and rows[0][0] in wanted:
            self._size -= len(rows.popleft()[2])
        if rows and max(wanted, default=0) > rows[0][0]:
            self._rows = deque(row for row in rows if row[0] not in wanted)
            self._size = sum(len(row[2]) for row in self._rows)

    def first(self, limit: int) -> list[Row]:
        """The first rows that stand here."""
        rows = self._rows
        return list(rows) if len(rows) <= limit else [rows[at] for at in range(limit)]

    def clear(self) -> None:
        """The file is another one now."""
        self._rows.clear()
        self._size = 0
