"""What memory knows of stored ids never contradicts the file."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_events.build import NOON, event_id, priced

from quotah_server.store.events.memory import MemoryEventStore
from quotah_server.store.events.recent import RecentIds

names = st.integers(0, 60).map(lambda number: f"{number:04d}")


@pytest.fixture
def store() -> Iterator[MemoryEventStore]:
    opened = MemoryEventStore()
    yield opened
    opened.close()


@given(
    before=st.sets(names),
    batches=st.lists(st.dictionaries(names, st.integers(0, 9), max_size=12), max_size=8),
    asked=st.sets(names),
)
def test_an_id_is_told_stored_or_new_or_left_to_the_file_but_never_wrongly(
    before: set[str], batches: list[dict[str, int]], asked: set[str]
) -> None:
    stored = dict.fromkeys(before, 0)
    recent = RecentIds(max(before, default=""), max_ids=10)
    for batch in batches:
        known, open_ = recent.split(batch)
        new = {name: n for name, n in batch.items() if name not in stored}
        assert set(known) <= set(stored)
        stored |= new
        recent.add(new)
    known, open_ = recent.split(asked)
    for name in asked - set(open_):
        assert known.get(name) == stored.get(name)
    assert all(name in asked for name in open_)


def test_memory_is_bounded_and_the_newest_stay() -> None:
    recent = RecentIds("", max_ids=100)
    for number in range(1000):
        recent.add({f"{number:04d}": number})
    known, open_ = recent.split(["0001", "0999"])
    assert (known, open_) == ({"0999": 999}, ["0001"])


def test_rows_that_a_bulk_write_put_in_are_recognised(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO events SELECT * REPLACE (CAST(? AS UUID) AS event_id, 7 AS body_hash)"
            " FROM events",
            [event_id(2)],
        ).fetchall()
    assert store.known([event_id(2)]) == {event_id(2): 7}
    assert store.append([priced(1), priced(2)]).conflicts == (event_id(2),)


def test_an_id_below_all_that_memory_knows_is_looked_up(store: MemoryEventStore) -> None:
    early, late = NOON.replace(year=2025), NOON.replace(year=2027)
    store.append([priced(1, started_at=late), priced(2, started_at=early)])
    with store.transaction():
        pass  # forgets what memory knew
    store.append([priced(3, started_at=late)])
    again = [priced(1, started_at=late), priced(2, started_at=early), priced(3, started_at=late)]
    assert len(store.append(again).duplicates) == 3
    assert store.count() == 3


def test_what_was_rolled_back_is_not_remembered(store: MemoryEventStore) -> None:
    copies = "INSERT INTO events SELECT * REPLACE (uuid() AS event_id) FROM events"
    store.append([priced(1)])
    with pytest.raises(duckdb.CatalogException):  # noqa: PT012, SIM117
        with store.transaction() as connection:
            connection.execute(copies).fetchall()
            connection.execute("SELECT * FROM nowhere")
    assert store.count() == 1
    assert store.append([priced(2)]).accepted == (event_id(2),)
