"""The journal's SQLite file: its tables, and what happens to it when it is damaged.

Used by one thread of one process (see ``journal.py``). The locking mode is exclusive, so a second
process that opens the same file is told so at once instead of sharing it.

Every row carries a CRC-32 of its payload: SQLite notices damaged pages, not damaged digits.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import apsw

from quotah_server.domain.errors import StartupError

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    crc INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS quarantine (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_aside_at INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
"""
_SALVAGE = (
    "SELECT seq, event_id, crc, payload FROM journal NOT INDEXED ORDER BY seq",
    "SELECT seq, event_id, crc, payload FROM journal NOT INDEXED ORDER BY seq DESC",
)
_SIDE_FILES = ("-wal", "-shm")
_PAGE_BYTES = 16 * 1024
"""Large pages: a commit writes many rows side by side, and one system call per page."""
_WAL_LIMIT_BYTES = 16 * 1024 * 1024
_VACUUM_ABOVE_PAGES = 1024
_ROWS_AT_ONCE = (128, 32, 8, 2, 1)
"""Rows of one statement: each step of SQLite hands Python's lock over twice, which costs the event
loop more than the row."""
_INSERT = "INSERT INTO journal (event_id, crc, payload) VALUES (?, ?, ?)"
_INSERTS = {rows: _INSERT + ", (?, ?, ?)" * (rows - 1) for rows in _ROWS_AT_ONCE}

Row = tuple[int, str, bytes]
"""seq, event id, payload."""

DAMAGED = (apsw.CorruptError, apsw.NotADBError)


class JournalFile:
    """An open journal file. Methods raise apsw.Error; ``DAMAGED`` errors call for ``set_aside``."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        """Open or create the file; raises StartupError when another process holds it, or when a
        newer Quotah wrote it."""
        self.path = path
        self._db = apsw.Connection(str(path), vfs=vfs)
        try:
            self._prepare()
        except BaseException:
            self._db.close(True)
            raise

    def _prepare(self) -> None:
        db = self._db
        db.set_busy_timeout(200)
        try:
            # One statement each: apsw stops at the first row that one of them returns.
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
            db.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            found = db.execute("PRAGMA user_version").get
            if found > SCHEMA_VERSION:
                raise StartupError(
                    f"{self.path} was written by a newer Quotah (journal format {found}); "
                    "start that version, or let it drain the journal first"
                )
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}")
            verdict = db.execute("PRAGMA quick_check(1)").get
            if verdict != "ok":
                raise apsw.CorruptError(str(verdict))
            with db:
                db.execute(_SCHEMA)
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except apsw.BusyError as error:
            raise StartupError(
                f"{self.path} is in use by another Quotah process; stop that one first"
            ) from error

    def write(self, items: Sequence[tuple[str, bytes]], delete: Sequence[int]) -> tuple[int, int]:
        """Append rows and delete others in one durable transaction; tells the number of the last row
        appended (they follow each other), and how many were deleted."""
        db, last, before, after = self._db, 0, 0, 0
        with db:
            start = 0
            for rows in _ROWS_AT_ONCE:
                while len(items) - start >= rows:
                    part = items[start : start + rows]
                    values = ((name, zlib.crc32(data), data) for name, data in part)
                    db.execute(_INSERTS[rows], tuple(chain.from_iterable(values)))
                    start += rows
            last = db.last_insert_rowid()
            before = db.total_changes()
            for first, final in _runs(delete):
                db.execute("DELETE FROM journal WHERE seq BETWEEN ? AND ?", (first, final))
            after = db.total_changes()
        return last, after - before

    def move_to_quarantine(self, seqs: dict[int, str]) -> int:
        """Set rows aside, each with a reason; tells how many were found."""
        db, moved = self._db, 0
        with db:
            for seq, reason in seqs.items():
                db.execute(
                    "INSERT OR REPLACE INTO quarantine (seq, event_id, reason, set_aside_at, payload)"
                    " SELECT seq, event_id, ?, ?, payload FROM journal WHERE seq = ?",
                    (reason[:500], int(time.time()), seq),
                )
                before = db.total_changes()
                db.execute("DELETE FROM journal WHERE seq = ?", (seq,))
                moved += db.total_changes() - before
        return moved

    def oldest(self, limit: int) -> tuple[list[Row], dict[int, str]]:
        """The first rows in order of arrival, and those among them whose checksum is wrong."""
        good: list[Row] = []
        bad: dict[int, str] = {}
        rows = self._db.execute(
            "SELECT seq, event_id, crc, payload FROM journal ORDER BY seq LIMIT ?", (limit,)
        )
        for seq, event_id, crc, payload in rows:
            if zlib.crc32(payload) == crc:
                good.append((seq, event_id, payload))
            else:
                bad[seq] = "checksum mismatch: the payload was damaged on disk"
        return good, bad

    def holds(self, event_ids: Iterable[str]) -> set[str]:
        """Which of some events have a row here, waiting or in quarantine.

        Reads every row: asked once, after a kill. An index would be paid for by every event.
        """
        wanted = frozenset(event_ids)
        rows = self._db.execute(
            "SELECT event_id FROM journal UNION ALL SELECT event_id FROM quarantine"
        )
        return {event_id for (event_id,) in rows if event_id in wanted}

    def count(self) -> tuple[int, int]:
        """Rows that wait, rows in quarantine."""
        return (
            self._db.execute("SELECT count(*) FROM journal").get,
            self._db.execute("SELECT count(*) FROM quarantine").get,
        )

    def quarantined(self, limit: int) -> list[tuple[int, str, str, bytes]]:
        """Rows set aside: seq, event id, reason, payload."""
        rows = self._db.execute(
            "SELECT seq, event_id, reason, payload FROM quarantine ORDER BY seq LIMIT ?", (limit,)
        )
        return [(seq, event_id, reason, payload) for seq, event_id, reason, payload in rows]

    def shrink(self) -> None:
        """Give the space of a drained backlog back to the file system."""
        if self._db.execute("PRAGMA freelist_count").get > _VACUUM_ABOVE_PAGES:
            self._db.execute("PRAGMA incremental_vacuum").fetchall()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Checkpoint and close; without error even when the file is damaged."""
        with contextlib.suppress(apsw.Error):
            self._db.close(True)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers as stretches without a gap, each by its first and its last."""
    ordered = sorted(numbers)
    start = 0
    for at in range(1, len(ordered) + 1):
        if at == len(ordered) or ordered[at] > ordered[at - 1] + 1:
            yield ordered[start], ordered[at - 1]
            start = at


def set_aside(path: Path) -> Path:
    """Rename a damaged journal (with its WAL) to ``<name>.corrupt-<timestamp>``."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target, n = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while target.exists():
        target, n = path.with_name(f"{path.name}.corrupt-{stamp}-{n}"), n + 1
    path.rename(target)
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    return target


def salvage(damaged: Path) -> Iterator[tuple[str, bytes]]:
    """Read what can still be read of a file set aside: rows whose checksum holds, each once.

    Walks from the front until a page does not read, then from the back, so that damage in the
    middle costs only the rows around it. The damaged file itself is left as found.
    """
    seen: set[int] = set()
    for query in _SALVAGE:
        try:
            db = apsw.Connection(str(damaged), flags=apsw.SQLITE_OPEN_READONLY)
        except apsw.Error:
            return
        try:
            rows = db.execute(query)
            for seq, event_id, crc, payload in rows:
                if seq in seen:
                    break
                seen.add(seq)
                if _sound(event_id, crc, payload):
                    yield event_id, payload
        except apsw.Error:
            continue
        finally:
            with contextlib.suppress(apsw.Error):
                db.close(True)


def _sound(event_id: object, crc: object, payload: object) -> bool:
    return isinstance(event_id, str) and isinstance(payload, bytes) and zlib.crc32(payload) == crc
