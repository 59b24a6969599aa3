"""Events in one DuckDB file: a single writer behind a lock, any number of readers.

DuckDB keeps no primary key on events (it would cost more memory and disk than the events). The
writer itself tells which ids of a batch are stored: the newest ids from memory, older ones by a lookup
bounded to their range, which DuckDB's zone maps answer from the few row groups that lie in it.

When a write fails fatally (disk full), DuckDB invalidates the whole instance until it is opened
again; the store then reopens it and reports the failed call as one that may be repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from quotah_server.domain.errors import StartupError
from quotah_server.domain.event import PricedEvent
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.events import arrow, repricing
from quotah_server.store.events.base import (
    AppendResult,
    AttributionPatch,
    Correction,
    Feedback,
    QueryTimeoutError,
    Repriced,
    Rows,
    StoreUnavailableError,
)
from quotah_server.store.events.batch import Batch
from quotah_server.store.events.patches import PatchBook
from quotah_server.store.events.recent import RecentIds
from quotah_server.store.events.rows import BODY_HASH, EVENT_ID, NAMES, micros
from quotah_server.store.events.schema import migrate

Row = tuple[Any, ...]

_INSERT = (
    f"INSERT INTO events ({', '.join(NAMES)}) "  # noqa: S608 — column names of our own
    f"SELECT {arrow.SELECT_LIST} FROM arriving"
)
_TRY = f"SELECT count(COLUMNS(*)) FROM (SELECT {arrow.SELECT_LIST} FROM tried)"  # noqa: S608
_KNOWN = """
SELECT replace(CAST(event_id AS VARCHAR), '-', ''), body_hash FROM events
WHERE event_id BETWEEN CAST(? AS UUID) AND CAST(? AS UUID)
  AND event_id IN (SELECT CAST(unnest(CAST(? AS VARCHAR[])) AS UUID))
"""
_NEWEST = "SELECT replace(CAST(max(event_id) AS VARCHAR), '-', '') FROM events"
_BAD_ROW = (
    duckdb.ConversionException,
    duckdb.ConstraintException,
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
    duckdb.TypeMismatchException,
    TypeError,
    ValueError,
    OverflowError,
)
_AWAY = (
    duckdb.ConnectionException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
)
"""What is no fault of the statement: the same may succeed later."""


class DuckDBEventStore:
    """An EventStore in a DuckDB file.

    memory_limit bounds DuckDB's buffers; larger sorts and aggregates spill to ``<path>.tmp``.
    """

    dialect = "duckdb"

    def __init__(
        self,
        path: Path | str,
        *,
        memory_limit: str = "256MB",
        threads: int = 2,
        clock: Clock = utc_now,
    ) -> None:
        self._path = str(path)
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": str(threads),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self._clock = clock
        self._write = threading.RLock()
        self._generations: dict[str, int] = {}
        self._closed = False
        self._ids = threading.Lock()
        self._recent: RecentIds | None = None
        self._connection = self._open()
        self._patches = PatchBook(self._connection, micros(self._clock()))

    # --- life -----------------------------------------------------------------------------------

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(self._path, config=self._config)
        except duckdb.Error as error:
            raise StartupError(_why_not_open(self._path, error)) from error
        try:
            connection.execute("SET TimeZone = 'UTC'")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER NOT NULL,"
            " name VARCHAR NOT NULL, checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
        )
        applied = connection.execute("SELECT version, checksum FROM schema_migrations").fetchall()

        def remember(migration: migrate.Migration) -> None:
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?, make_timestamp(?))",
                [migration.version, migration.name, migration.checksum, micros(self._clock())],
            )

        connection.begin()
        try:
            migrate.apply("duckdb", dict(applied), connection.execute, remember)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    def close(self) -> None:
        """Write the log into the file and release it."""
        with self._write:
            if not self._closed:
                self._closed = True
                self._connection.close()

    def _reopen(self) -> None:
        """Open an invalidated instance again; what was committed is there."""
        self._connection.close()
        with self._ids:
            self._recent = None
        try:
            self._connection = self._open()
        except StartupError as error:
            raise StoreUnavailableError(error.message) from error
        self._patches = PatchBook(self._connection, micros(self._clock()))

    # --- writing --------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *workspace_ids: str) -> Generator[duckdb.DuckDBPyConnection]:
        """The writer's connection in one transaction, for bulk writes of our own; all or nothing.

        workspace_ids: whose data changes. Raises StoreUnavailableError on I/O failures.
        """
        with self._write:
            with self._ids:
                self._recent = None
            with self._transaction(*workspace_ids) as connection:
                yield connection

    @contextmanager
    def _transaction(self, *workspace_ids: str) -> Generator[duckdb.DuckDBPyConnection]:
        with self._write:
            if self._closed:
                raise StoreUnavailableError("the event store is closed")
            try:
                self._connection.begin()
                try:
                    yield self._connection
                except BaseException:
                    self._connection.rollback()
                    raise
                self._connection.commit()
            except _AWAY as error:
                self._recover(error)
                raise StoreUnavailableError(
                    f"the event store cannot be written: {error}"
                ) from error
            for workspace_id in workspace_ids:
                self._generations[workspace_id] = self._generations.get(workspace_id, 0) + 1

    def _recover(self, error: duckdb.Error) -> None:
        if isinstance(error, duckdb.FatalException) or "invalidated" in str(error):
            self._reopen()
            return
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._reopen()

    def append(self, events: Sequence[PricedEvent]) -> AppendResult:
        """See EventStore.append."""
        received = micros(self._clock())
        batch = Batch(events, received)
        with self._write:
            while not self._try_append(batch, received):
                pass
        return batch.result()

    def _try_append(self, batch: Batch, received_us: int) -> bool:
        """Store a batch; False when rows were refused by the engine and taken out: try again."""
        try:
            with self._transaction(*batch.workspaces) as connection:
                if batch.rows:
                    batch.leave_out(self._stored(connection, list(batch.rows)))
                if batch.rows:
                    _insert(connection, list(batch.rows.values()))
                    self._patches.apply_to(connection, batch.rows)
                for event, reason in batch.refused:
                    _set_aside(connection, event, reason, received_us)
        except _BAD_ROW:
            with self._reader() as cursor:
                reasons = _unfit(cursor, list(batch.rows.values()))
            if not reasons:
                raise
            batch.refuse(reasons)
            return False
        self._patches.forget(batch.rows)
        with self._ids:
            if self._recent is not None:
                self._recent.add({event_id: row[BODY_HASH] for event_id, row in batch.rows.items()})
        return True

    def _stored(
        self, connection: duckdb.DuckDBPyConnection, event_ids: list[str]
    ) -> dict[str, int]:
        """The bodies of the ids that are stored; what memory does not cover is looked up."""
        if self._recent is None:
            newest = connection.execute(_NEWEST).fetchall()[0][0]
            with self._ids:
                self._recent = RecentIds(newest or "")
        with self._ids:
            known, older = self._recent.split(event_ids)
        if older:
            known |= connection.execute(_KNOWN, [min(older), max(older), older]).fetchall()
        return known

    def attribute(self, patches: Sequence[AttributionPatch]) -> None:
        """See EventStore.attribute."""
        if not patches:
            return
        workspaces = {patch.attribution.workspace_id for patch in patches}
        with self._transaction(*workspaces) as connection:
            self._patches.put(connection, patches, micros(self._clock()))

    def reprice(self, events: Sequence[Repriced], reprice_id: str) -> int:
        """See EventStore.reprice."""
        if not events:
            return 0
        with self._transaction(*{event.workspace_id for event in events}) as connection:
            return repricing.apply(connection, events, reprice_id, micros(self._clock()))

    def corrections(self, after: int, limit: int) -> list[Correction]:
        """See EventStore.corrections."""
        return repricing.read(self.query(repricing.READ, [after, limit]).rows)

    def put_feedback(self, feedback: Feedback) -> None:
        """See EventStore.put_feedback."""
        key = [feedback.workspace_id, feedback.call_id]
        with self._transaction(feedback.workspace_id) as connection:
            connection.execute(
                "DELETE FROM feedback WHERE workspace_id = ? AND call_id = CAST(? AS UUID)", key
            )
            connection.execute(
                "INSERT INTO feedback VALUES (?, CAST(? AS UUID), make_timestamp(?), ?, ?, ?)",
                [*key, micros(feedback.at), feedback.rating, feedback.success, feedback.comment],
            )

    def drop_workspace(self, workspace_id: str) -> int:
        """See EventStore.drop_workspace."""
        with self.transaction(workspace_id) as connection:
            for table in ("feedback", "pending_attribution", "dead_letters", "corrections"):
                connection.execute(
                    f"DELETE FROM {table} WHERE workspace_id = ?",  # noqa: S608 — our own names
                    [workspace_id],
                )
            gone = connection.execute(
                "DELETE FROM events WHERE workspace_id = ?", [workspace_id]
            ).fetchall()
        return int(gone[0][0])

    # --- reading --------------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Generator[duckdb.DuckDBPyConnection]:
        try:
            cursor = self._connection.cursor()
        except duckdb.Error as error:
            raise StoreUnavailableError(f"the event store cannot be read: {error}") from error
        try:
            yield cursor
        finally:
            cursor.close()

    def query(
        self, sql: str, parameters: Sequence[Any] = (), *, timeout_s: float | None = None
    ) -> Rows:
        """See EventStore.query."""
        with self._reader() as cursor:
            watch = threading.Timer(timeout_s, cursor.interrupt) if timeout_s else None
            if watch is not None:
                watch.start()
            try:
                cursor.execute(sql, list(parameters))
                columns = tuple(str(column[0]) for column in cursor.description or ())
                return Rows(columns, cursor.fetchall())
            except duckdb.InterruptException as error:
                raise QueryTimeoutError(
                    f"the question took longer than {timeout_s:g} s: ask for a shorter period"
                    " or fewer dimensions"
                ) from error
            except _AWAY as error:
                with self._write:
                    if not self._closed:
                        self._recover(error)
                raise StoreUnavailableError(f"the event store cannot be read: {error}") from error
            finally:
                if watch is not None:
                    watch.cancel()

    def known(self, event_ids: Sequence[str]) -> dict[str, int]:
        """See EventStore.known."""
        with self._ids:
            recent = self._recent
            known, older = recent.split(event_ids) if recent else ({}, list(event_ids))
        if older:
            known |= self.query(_KNOWN, [min(older), max(older), older]).rows
        return known

    def generation(self, workspace_id: str) -> int:
        """See EventStore.generation."""
        return self._generations.get(workspace_id, 0)

    def count(self) -> int:
        """See EventStore.count."""
        return int(self.query("SELECT count(*) FROM events").rows[0][0])


def _insert(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    connection.register("arriving", arrow.table_of(rows))
    connection.execute(_INSERT)
    connection.unregister("arriving")


def _unfit(cursor: duckdb.DuckDBPyConnection, rows: list[Row]) -> dict[str, str]:
    """Find the rows that the engine does not take, by halving: event id → why."""
    try:
        cursor.register("tried", arrow.table_of(rows))
        cursor.execute(_TRY).fetchall()
    except _BAD_ROW as error:
        if len(rows) == 1:
            return {rows[0][EVENT_ID]: str(error).splitlines()[0]}
        middle = len(rows) // 2
        return _unfit(cursor, rows[:middle]) | _unfit(cursor, rows[middle:])
    return {}


def _set_aside(
    connection: duckdb.DuckDBPyConnection, event: PricedEvent, reason: str, now_us: int
) -> None:
    try:
        payload = msgspec.msgpack.encode(event)
    except (TypeError, ValueError, OverflowError, RecursionError):
        payload = ascii(event).encode()
    call = event.call
    texts = [call.event_id, call.attribution.workspace_id, now_us, reason]
    connection.execute(
        "INSERT INTO dead_letters VALUES (?, ?, make_timestamp(?), ?, ?)",
        [*(_writable(value) for value in texts), payload],
    )


def _writable(value: Any) -> Any:
    return value.encode("ascii", "backslashreplace").decode() if isinstance(value, str) else value


def _why_not_open(path: str, error: duckdb.Error) -> str:
    text = str(error)
    if "lock" in text.lower():
        return f"the event store {path} is open in another process: stop it first"
    return f"the event store {path} cannot be opened: {text.splitlines()[0]}"
