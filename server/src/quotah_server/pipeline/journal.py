"""The journal: where an event is safe before anything else happens to it.

A SQLite file in WAL mode with ``synchronous=FULL``, owned by one thread of one process. Appends of
many callers share one commit (group commit); their futures resolve after it, so "acknowledged"
means "fsynced here". A drainer (``drain.py``) takes rows out, oldest first, and deletes them once
somebody else holds them.

The journal does not judge: the same event twice is two rows, and the receiver tells a duplicate.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import apsw
import structlog

from quotah_server.domain.errors import QuotahError
from quotah_server.pipeline.journal_file import DAMAGED, JournalFile, Row, salvage, set_aside
from quotah_server.pipeline.journal_tail import Tail

_log = structlog.get_logger("quotah.journal")
_T = TypeVar("_T")

_FLUSH_ROWS = 256
"""A batch of this many rows is committed without waiting for the window to end."""
_MAX_ROWS = 5000
_MAX_BYTES = 16 * 1024 * 1024
_RETRY_OPEN_S = 1.0
_TELL_AGAIN_S = 60.0
"""A disk that stays full is tried every second or so, and told of once a minute."""
_TAIL_BYTES = 8 * 1024 * 1024


class JournalError(QuotahError):
    """The journal did not take the rows; the caller still holds them. ``str()`` says why."""

    code = "journal_unavailable"


@dataclass(slots=True)
class _Append:
    items: Sequence[tuple[str, bytes]]
    done: Future[None]
    size: int


@dataclass(slots=True)
class _Delete:
    seqs: Sequence[int]
    done: Future[None]


@dataclass(slots=True)
class _Ask:
    run: Callable[[JournalFile], None]
    fail: Callable[[BaseException], None]


@dataclass(slots=True)
class JournalStats:
    """What happened so far; read by metrics."""

    appended: int = 0
    deleted: int = 0
    failed: int = 0
    """Rows that a commit refused (disk full, file damaged); their callers were told."""
    commits: int = 0
    corrupt_files: int = 0
    salvaged: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class _Batch:
    appends: list[_Append] = field(default_factory=list[_Append])
    deletes: list[_Delete] = field(default_factory=list[_Delete])
    asks: list[_Ask] = field(default_factory=list[_Ask])
    rows: int = 0
    size: int = 0
    closing: bool = False

    def add(self, job: _Append | _Delete | _Ask | None) -> None:
        match job:
            case _Append():
                self.appends.append(job)
                self.rows += len(job.items)
                self.size += job.size
            case _Delete():
                self.deletes.append(job)
                self.rows += len(job.seqs)
            case _Ask():
                self.asks.append(job)
            case None:
                self.closing = True

    @property
    def full(self) -> bool:
        return self.closing or self.rows >= _MAX_ROWS or self.size >= _MAX_BYTES


class Journal:
    """A durable queue of opaque payloads; every method may be called from any thread.

    window_s: how long a commit waits for company (0 … 1 s). max_pending_bytes: payload bytes that
    may wait in memory for the disk; beyond it appends fail at once. vfs: the name of an apsw VFS.
    Raises StartupError when another process owns the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        window_s: float = 0.01,
        max_pending_bytes: int = 64 * 1024 * 1024,
        vfs: str | None = None,
    ) -> None:
        if not 0 <= window_s <= 1:
            raise ValueError(f"window_s is {window_s}; it must lie between 0 and 1 second")
        self._path, self._vfs, self._window_s = path, vfs, window_s
        self._max_pending = max_pending_bytes
        self._pending = 0
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Append | _Delete | _Ask | None] = queue.SimpleQueue()
        self._closed = False
        self._next_open = 0.0
        self._told_at: float | None = None
        self._depth = 0
        self._tail = Tail(_TAIL_BYTES)
        self.stats = JournalStats()
        self._file = self._open()
        self._thread = threading.Thread(target=self._run, name=f"journal:{path.name}", daemon=True)
        self._thread.start()

    def append(self, items: Sequence[tuple[str, bytes]]) -> Future[None]:
        """Add (event id, payload) rows; the future resolves once they are on disk.

        It fails with JournalError when they are not: the caller keeps the rows and may try again.
        """
        done: Future[None] = _future()
        size = sum(len(payload) for _, payload in items)
        with self._lock:
            if self._closed:
                refusal = "the journal is closed"
            elif self._pending + size > self._max_pending:
                refusal = f"{self._pending} bytes wait for the disk already: it does not keep up"
            else:
                refusal = ""
                self._pending += size
                self._jobs.put(_Append(items, done, size))
        if refusal:
            self.stats.failed += len(items)
            done.set_exception(JournalError(f"{self._path.name}: {refusal}"))
        return done

    def oldest(self, limit: int) -> list[Row]:
        """The first rows in order of arrival: (seq, event id, payload). Damaged ones are set aside."""

        def ask(file: JournalFile) -> list[Row]:
            if len(self._tail) == self._depth:
                return self._tail.first(limit)
            good, bad = file.oldest(limit)
            if bad:
                self._set_rows_aside(file, bad)
            return good

        return self._ask(ask).result()

    def delete(self, seqs: Sequence[int]) -> None:
        """Remove rows that somebody else holds now; durable when it returns."""
        if not seqs:
            return
        done: Future[None] = _future()
        self._put(_Delete(seqs, done))
        done.result()

    def quarantine(self, reasons: dict[int, str]) -> None:
        """Move rows that can never be delivered aside, each with its reason."""
        self._ask(lambda file: self._set_rows_aside(file, reasons)).result()

    def quarantined(self, limit: int = 100) -> list[tuple[int, str, str, bytes]]:
        """Rows set aside: (seq, event id, reason, payload)."""
        return self._ask(lambda file: file.quarantined(limit)).result()

    def holds(self, event_ids: Sequence[str]) -> set[str]:
        """Which of some events have a row here."""
        return self._ask(lambda file: file.holds(event_ids)).result()

    def depth(self) -> int:
        """Rows that wait to be delivered."""
        return self._depth

    def close(self) -> None:
        """Commit what waits, then release the file. Later appends fail."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _put(self, job: _Delete | _Ask) -> None:
        with self._lock:
            if self._closed:
                raise JournalError(f"{self._path.name}: the journal is closed")
            self._jobs.put(job)

    def _ask(self, question: Callable[[JournalFile], _T]) -> Future[_T]:
        answer: Future[_T] = _future()

        def run(file: JournalFile) -> None:
            answer.set_result(question(file))

        self._put(_Ask(run, answer.set_exception))
        return answer

    def _run(self) -> None:
        closing = False
        while not closing:
            batch = self._gather()
            closing = batch.closing
            self._serve(batch)
        if self._file is not None:
            self._file.close()

    def _gather(self) -> _Batch:
        batch = _Batch()
        batch.add(self._jobs.get())
        self._take_waiting(batch)
        if self._window_s and not batch.asks and not batch.closing and batch.rows < _FLUSH_ROWS:
            time.sleep(self._window_s)
            self._take_waiting(batch)
        return batch

    def _take_waiting(self, batch: _Batch) -> None:
        with contextlib.suppress(queue.Empty):
            while not batch.full:
                batch.add(self._jobs.get_nowait())

    def _serve(self, batch: _Batch) -> None:
        try:
            file = self._ready_file()
            if batch.appends or batch.deletes:
                self._commit(file, batch)
        except DAMAGED as error:
            self._replace_damaged(error)
            self._retry_or_fail(batch, error)
        except Exception as error:  # noqa: BLE001 -- callers are told and the thread lives on
            self._fail(batch, error)
        for ask in batch.asks:
            self._answer(ask)

    def _commit(self, file: JournalFile, batch: _Batch) -> None:
        items = [item for job in batch.appends for item in job.items]
        seqs = [seq for job in batch.deletes for seq in job.seqs]
        last, deleted = file.write(items, seqs)
        if items:
            self._tail.took(last, items)
        if seqs:
            self._tail.gone(seqs)
        self.stats.commits += 1
        self.stats.appended += len(items)
        self.stats.deleted += deleted
        self._depth += len(items) - deleted
        self._settle(batch, None)
        if self._told_at is not None:
            self._told_at = None
            _log.warning("journal_writes_again", file=self._path.name)
        if deleted and self._depth == 0:
            file.shrink()

    def _settle(self, batch: _Batch, error: BaseException | None) -> None:
        with self._lock:
            self._pending -= sum(job.size for job in batch.appends)
        jobs: list[_Append | _Delete] = [*batch.appends, *batch.deletes]
        batch.appends, batch.deletes = [], []
        for job in jobs:
            if error is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(error)

    def _answer(self, ask: _Ask) -> None:
        try:
            ask.run(self._ready_file())
        except DAMAGED as error:
            self._replace_damaged(error)
            ask.fail(JournalError(f"{self._path.name}: the file was damaged ({error})"))
        except Exception as error:  # noqa: BLE001 -- the one who asked is told
            ask.fail(error)

    def _fail(self, batch: _Batch, error: Exception) -> None:
        rows = sum(len(job.items) for job in batch.appends)
        if not batch.appends and not batch.deletes:
            return
        self.stats.failed += rows
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _TELL_AGAIN_S:
            self._told_at = now
            _log.error("journal_write_failed", file=self._path.name, rows=rows, reason=str(error))
        self._settle(batch, JournalError(f"{self._path.name}: {_plain(error)}"))

    def _retry_or_fail(self, batch: _Batch, damage: Exception) -> None:
        if self._file is None:
            self._fail(batch, damage)
            return
        try:
            # Deletions name rows of the file set aside; the salvaged ones have new numbers and
            # are delivered again, which the receiver recognises.
            for job in batch.deletes:
                job.done.set_result(None)
            batch.deletes = []
            self._commit(self._file, batch)
        except (apsw.Error, OSError) as error:
            self._fail(batch, error)

    def _ready_file(self) -> JournalFile:
        if self._file is None:
            if time.monotonic() < self._next_open:
                raise JournalError("the file cannot be opened at the moment")
            self._file = self._open()
            if self._file is None:
                raise JournalError("the file cannot be opened: no space left on the device")
        return self._file

    def _open(self) -> JournalFile | None:
        """Open the file, a fresh one where it is damaged; None while the disk is full."""
        try:
            file = JournalFile(self._path, vfs=self._vfs)
        except DAMAGED as error:
            return self._start_afresh(error)
        except (apsw.FullError, apsw.IOError) as error:
            _log.error("journal_open_failed", file=self._path.name, reason=str(error))
            self._next_open = time.monotonic() + _RETRY_OPEN_S
            return None
        self._counted(file)
        return file

    def _counted(self, file: JournalFile) -> None:
        self._tail.clear()
        self._depth, self.stats.quarantined = file.count()

    def _start_afresh(self, damage: Exception) -> JournalFile | None:
        damaged = set_aside(self._path)
        self.stats.corrupt_files += 1
        file = JournalFile(self._path, vfs=self._vfs)
        saved = list(salvage(damaged))
        if saved:
            file.write(saved, ())
        self.stats.salvaged += len(saved)
        self._counted(file)
        _log.error("journal_damaged", kept_as=damaged.name, salvaged=len(saved), reason=str(damage))
        return file

    def _replace_damaged(self, damage: Exception) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            self._file = self._start_afresh(damage)
        except (apsw.Error, OSError) as error:
            _log.error("journal_open_failed", file=self._path.name, reason=str(error))
            self._next_open = time.monotonic() + _RETRY_OPEN_S

    def _set_rows_aside(self, file: JournalFile, reasons: dict[int, str]) -> None:
        moved = file.move_to_quarantine(reasons)
        self._tail.gone(reasons)
        self._depth -= moved
        self.stats.quarantined += moved
        for seq, reason in reasons.items():
            _log.error("journal_row_set_aside", file=self._path.name, seq=seq, reason=reason)


def _future() -> Future[_T]:
    # Marked as running: a waiter that gives up must not cancel what the thread will settle.
    future: Future[_T] = Future()
    future.set_running_or_notify_cancel()
    return future


def _plain(error: Exception) -> str:
    if isinstance(error, apsw.FullError):
        return "no space left on the device; free some and the journal goes on by itself"
    return str(error)
