"""Write a sample history into the event store: SQL does the work, a stretch of calls at a time.

Every stretch is one short transaction, so that a running Quotah goes on storing real events in
between. Rows that are there already are left alone: running the same plan again completes it.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import Any, Protocol

import duckdb
import msgspec

from quotah_server.catalog.book import Book
from quotah_server.features.samples import cast, sql
from quotah_server.features.samples import plan as plans
from quotah_server.features.samples.plan import SeedPlan
from quotah_server.features.samples.rates import Rates, rates, reasons

STRETCH = 122_880
"""Events per transaction: a row group of DuckDB, which goes into the file without a detour through
the log, and a multiple of 3, as the attempts of one call stand in threes."""

_RETRY_TAIL_MS = 480_000
_PARAMETER = re.compile(r"\$([a-z_0-9]+)")
_PURPOSES = (
    "when", "loop", "feature", "model", "fail", "patience", "failure", "wait", "pause", "cache",
    "fate", "cut", "stream", "input", "jitter", "output", "first_byte", "speed", "band", "user",
    "place", "version", "ending", "mood", "later", "pleasure", "word", "body_1", "body_2", "body_3",
)  # fmt: skip
"""What is drawn; each has a key of its own."""

_ONE_AT_A_TIME = threading.Lock()
"""A run works with temporary tables of the writer's connection, which have fixed names."""

Progress = Callable[[int], None]
"""Called with the number of events dealt with so far."""


class BulkStore(Protocol):
    """The part of the embedded event store that bulk writes need."""

    def transaction(self, *workspace_ids: str) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The writer's connection in one transaction."""
        ...


class SeedResult(msgspec.Struct, frozen=True):
    """events, ratings: rows written. duplicates: events of the plan that were there before."""

    workspace_id: str
    events: int
    duplicates: int
    ratings: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        return (self.events + self.duplicates) / self.seconds


def seed(
    store: BulkStore, plan: SeedPlan, book: Book, progress: Progress = lambda _done: None
) -> SeedResult:
    """Write the history of a plan, priced by a book; blocks, calling ``progress`` on the way.

    Raises InvalidInputError where the book lacks a price, StoreUnavailableError where the store
    fails; what was written before then stays, and the same call completes it.
    """
    with _ONE_AT_A_TIME:
        return _seed(store, plan, book, progress)


def _seed(store: BulkStore, plan: SeedPlan, book: Book, progress: Progress) -> SeedResult:
    began = time.monotonic()
    written = ratings = 0
    tables = _tables(plan, book)
    try:
        for first in range(0, plan.events, STRETCH):
            last = min(first + STRETCH, plan.events)
            with store.transaction(plan.workspace_id) as connection:
                if first == 0:
                    _prepare(connection, tables)
                rows, words = _stretch(connection, _values(plan, book, first, last))
            written += rows
            ratings += words
            progress(last)
    finally:
        with store.transaction() as connection:
            _tidy(connection)
    seconds = time.monotonic() - began
    return SeedResult(plan.workspace_id, written, plan.events - written, ratings, seconds)


def _values(plan: SeedPlan, book: Book, first: int, last: int) -> dict[str, Any]:
    features, models = [f.name for f in cast.FEATURES], [m.name for m in cast.MODELS]
    return {
        **{purpose: _key(plan.seed, purpose) for purpose in _PURPOSES},
        **reasons(book, plan.end),
        "seed": plan.seed,
        "first": first,
        "last": last,
        "events": plan.events,
        "workspace_id": plan.workspace_id,
        "project_id": plan.project_id,
        "price_version": book.version,
        "patient_until": plan.end_ms - _RETRY_TAIL_MS,
        "end_ms": plan.end_ms,
        "looping_feature": features.index(cast.LOOPING_FEATURE),
        "looping_model": models.index(cast.LOOPING_MODEL),
        "praise": list(cast.PRAISE),
        "blame": list(cast.BLAME),
    }


def _key(seed: int, purpose: str) -> int:
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def _stretch(connection: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> tuple[int, int]:
    for table in ("sample_slots", "sample_attempts", "sample_calls"):
        connection.execute(f"TRUNCATE {table}")
    for name in ("1_slots", "2_attempts", "3_calls"):
        _run(connection, name, values)
    span = connection.execute("SELECT min(at_ms), max(at_ms) FROM sample_calls").fetchone()
    assert span is not None
    values |= {"from_ms": span[0], "to_ms": span[1]}
    ratings = _run(connection, "4_feedback", values)
    return _run(connection, "5_events", values), ratings


def _run(connection: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> int:
    text = _text(name)
    wanted = set(_PARAMETER.findall(text))
    done = connection.execute(text, {key: values[key] for key in wanted}).fetchone()
    return int(done[0]) if done else 0


def _text(name: str) -> str:
    return files(sql).joinpath(f"{name}.sql").read_text(encoding="utf-8")


class _Table(msgspec.Struct, frozen=True):
    """A small table that the statements look things up in. columns: name and type of each."""

    name: str
    columns: str
    rows: list[tuple[Any, ...]]


def _tables(plan: SeedPlan, book: Book) -> list[_Table]:
    models = [(i, *model) for i, model in enumerate(cast.MODELS)]
    features = [(i, *feature[:-3]) for i, feature in enumerate(cast.FEATURES)]
    places = plans.named_picks(cast.ENVIRONMENTS)
    return [
        _table("hours", "first_n BIGINT, slots BIGINT, start_ms BIGINT, span_ms BIGINT,"
               " era INTEGER, office BOOLEAN, loop BIGINT, sick VARCHAR", plans.hours(plan)),
        _table("models", "model INTEGER, provider VARCHAR, name VARCHAR, first_byte_ms BIGINT,"
               " token_us BIGINT, reasoning BIGINT", models),
        _table("features", "feature INTEGER, name VARCHAR, team VARCHAR, weight INTEGER,"
               " off_weight INTEGER, api VARCHAR, input_tokens BIGINT, output_tokens BIGINT,"
               " prefix_tokens BIGINT, cached BIGINT, streamed BIGINT, rated BIGINT, tools BIGINT,"
               " sessions BOOLEAN, prompt VARCHAR", features),
        _table("feature_picks", "office BOOLEAN, bucket INTEGER, feature INTEGER",
               plans.feature_picks()),
        _table("model_picks", "feature INTEGER, era INTEGER, bucket INTEGER, model INTEGER",
               plans.model_picks()),
        _table("version_picks", "feature INTEGER, era INTEGER, bucket INTEGER, version VARCHAR",
               plans.version_picks()),
        _table("failures", "provider VARCHAR, bucket INTEGER, error_class VARCHAR,"
               " http_status USMALLINT, wait_ms BIGINT", plans.failure_picks()),
        _table("environments", "bucket INTEGER, name VARCHAR", enumerate(places)),
        _table("curves", "name VARCHAR, point INTEGER, factor BIGINT", plans.curves()),
        _table("bands", "band INTEGER, first_user INTEGER, users BIGINT",
               plans.user_bands(plan.users)),
        _table("users", "user_number INTEGER, name VARCHAR, plan VARCHAR, region VARCHAR",
               _users(plan)),
        _table("rates", ", ".join(f"{name} BIGINT" for name in Rates._fields),
               rates(book, plan, cast.MODELS)),
    ]  # fmt: skip


def _table(name: str, columns: str, rows: Iterable[Sequence[Any]]) -> _Table:
    return _Table(f"sample_{name}", columns, [tuple(row) for row in rows])


def _users(plan: SeedPlan) -> Iterable[tuple[int, str, str, str]]:
    tiers, regions = plans.named_picks(cast.PLANS), plans.named_picks(cast.REGIONS)
    for number in range(plan.users):
        digest = hashlib.blake2b(f"{plan.seed}/user/{number}".encode(), digest_size=6).digest()
        yield number, f"user_{digest[:4].hex()}", tiers[digest[4] % 128], regions[digest[5] % 128]


def _prepare(connection: duckdb.DuckDBPyConnection, tables: list[_Table]) -> None:
    connection.execute(_text("0_draws"))
    for table in tables:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} ({table.columns})")
        slots = ", ".join("unnest(?)" for _ in table.rows[0])
        columns = [list(column) for column in zip(*table.rows, strict=True)]
        connection.execute(f"INSERT INTO {table.name} SELECT {slots}", columns)


def _tidy(connection: duckdb.DuckDBPyConnection) -> None:
    named = connection.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE temporary AND starts_with(table_name, 'sample_')"
    ).fetchall()
    for (name,) in named:
        connection.execute(f'DROP TABLE "{name}"')
