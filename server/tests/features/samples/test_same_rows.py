"""The same plan gives the same rows: on any number of threads, in any stretches, run again, resumed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quotah_server.catalog.book import Book
from quotah_server.features.samples import generate
from quotah_server.features.samples.generate import seed
from quotah_server.store.events.duckdb import DuckDBEventStore

from .conftest import EVENTS, WORKSPACE, plan_of

NewStore = Callable[..., DuckDBEventStore]
SMALL = 3_600


def fingerprint(store: DuckDBEventStore) -> tuple[object, ...]:
    """One hash over every value of every row of events, and one over feedback."""
    return tuple(
        store.query(
            f"SELECT count(*), md5(string_agg(row_text, '\n' ORDER BY row_text))"
            f" FROM (SELECT t::VARCHAR AS row_text FROM {table} AS t)"
        ).rows[0]
        for table in ("events", "feedback")
    )


def test_thread_count_does_not_change_a_row(book: Book, new_store: NewStore) -> None:
    one, four = new_store(threads=1), new_store(threads=4)
    seed(one, plan_of(events=SMALL), book)
    seed(four, plan_of(events=SMALL), book)
    assert fingerprint(one) == fingerprint(four)


def test_another_seed_gives_other_rows(book: Book, new_store: NewStore) -> None:
    first, second = new_store(), new_store()
    seed(first, plan_of(events=SMALL), book)
    seed(second, plan_of(events=SMALL, seed=8), book)
    assert fingerprint(first) != fingerprint(second)


def test_length_of_a_stretch_does_not_change_a_row(
    book: Book, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, pieces = new_store(), new_store()
    seed(whole, plan_of(events=SMALL), book)
    monkeypatch.setattr(generate, "STRETCH", 1_500)
    seed(pieces, plan_of(events=SMALL), book)
    assert fingerprint(whole) == fingerprint(pieces)


def test_the_same_plan_again_writes_nothing(book: Book, new_store: NewStore) -> None:
    store = new_store()
    seed(store, plan_of(events=SMALL), book)
    before = fingerprint(store)
    again = seed(store, plan_of(events=SMALL), book)
    assert (again.events, again.duplicates, again.ratings) == (0, SMALL, 0)
    assert fingerprint(store) == before


def test_a_stopped_load_is_completed_by_the_same_plan(
    book: Book, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "STRETCH", 1_200)
    whole, stopped = new_store(), new_store()
    seed(whole, plan_of(events=SMALL), book)

    def stop_halfway(done: int) -> None:
        if done >= SMALL // 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        seed(stopped, plan_of(events=SMALL), book, stop_halfway)
    assert 0 < stopped.count() < SMALL
    rest = seed(stopped, plan_of(events=SMALL), book)
    assert rest.events + rest.duplicates == SMALL
    assert fingerprint(stopped) == fingerprint(whole)


def test_two_workspaces_with_one_seed_share_no_id(book: Book, new_store: NewStore) -> None:
    store = new_store()
    seed(store, plan_of(events=SMALL), book)
    seed(store, plan_of(events=SMALL, workspace_id="c" * 32), book)
    ids = store.query("SELECT count(*), count(DISTINCT event_id) FROM events").rows[0]
    assert ids == (2 * SMALL, 2 * SMALL)


def test_nothing_of_the_work_stays_behind(book: Book, new_store: NewStore) -> None:
    store = new_store()
    seed(store, plan_of(events=SMALL), book)
    with store.transaction() as connection:
        left = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchone()
    assert left == (0,)


def test_the_number_of_events_is_exact(seeded: DuckDBEventStore) -> None:
    rows = seeded.query("SELECT count(*), any_value(workspace_id) FROM events").rows
    assert rows == [(EVENTS, WORKSPACE)]
