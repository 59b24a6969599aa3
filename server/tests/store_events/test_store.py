"""One test-suite over every implementation of EventStore."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from store_events.build import NOON, WORKSPACE, event_id, priced

from quotah_server.domain.call import Attribution
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.usage import Usage
from quotah_server.store.events.base import (
    AttributionPatch,
    EventStore,
    Feedback,
    QueryTimeoutError,
)
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.memory import MemoryEventStore
from quotah_server.store.events.rows import body_hash

OTHER = "0" * 31 + "2"
ENDLESS = "SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 3"


@pytest.fixture(params=["memory", "duckdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    opened = (
        MemoryEventStore() if request.param == "memory" else DuckDBEventStore(tmp_path / "e.db")
    )
    yield opened
    opened.close()


def cost_of_all(store: EventStore) -> Decimal:
    return store.query("SELECT sum(cost) FROM events").rows[0][0]


def test_an_event_is_stored_once_however_often_it_is_sent(store: EventStore) -> None:
    batch = [priced(number) for number in range(3)]
    first, second = store.append(batch), store.append(batch)
    assert first.accepted == tuple(event_id(number) for number in range(3))
    assert (second.accepted, set(second.duplicates)) == ((), set(first.accepted))
    assert (store.count(), cost_of_all(store)) == (3, Decimal("0.0135"))


def test_the_same_event_twice_in_one_batch_is_stored_once(store: EventStore) -> None:
    result = store.append([priced(1), priced(1)])
    assert (result.accepted, result.duplicates) == ((event_id(1),), (event_id(1),))
    assert store.count() == 1


def test_another_body_under_a_known_id_is_a_conflict_and_the_first_stands(
    store: EventStore,
) -> None:
    store.append([priced(1, feature="first")])
    result = store.append([priced(1, feature="second"), priced(2)])
    assert (result.conflicts, result.accepted) == ((event_id(1),), (event_id(2),))
    assert store.query("SELECT feature FROM events ORDER BY event_id").rows == [("first",), (None,)]


def test_a_new_price_or_another_key_does_not_make_a_resend_a_conflict(store: EventStore) -> None:
    store.append([priced(1, key_id="k1", cost_usd=Decimal(1))])
    result = store.append([priced(1, key_id="k2", cost_usd=Decimal(2), price_version="v2")])
    assert result.duplicates == (event_id(1),)
    assert cost_of_all(store) == 1


def test_an_id_taken_by_another_workspace_is_a_conflict(store: EventStore) -> None:
    store.append([priced(1)])
    assert store.append([priced(1, workspace_id=OTHER)]).conflicts == (event_id(1),)


def test_late_events_far_apart_in_time_are_still_recognised(store: EventStore) -> None:
    days = [priced(number, started_at=NOON - timedelta(days=number)) for number in range(200)]
    store.append(days)
    result = store.append([days[199], priced(500), days[0]])
    assert (len(result.duplicates), len(result.accepted)) == (2, 1)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ({"cost_usd": Decimal(1_000_000)}, "cost_usd"),
        ({"cost_usd": Decimal("-0.01")}, "cost_usd"),
        ({"cost_usd": Decimal("NaN")}, "cost_usd"),
        ({"usage": Usage({"input": 2**41})}, "input"),
        ({"usage": Usage({"input": -1})}, "input"),
        ({"attempt": 256}, "attempt"),
        ({"http_status": 70_000}, "http_status"),
        ({"event_id": "x" * 32}, "event_id"),
        ({"workspace_id": ""}, "workspace_id"),
        ({"started_at": NOON.replace(year=1999)}, "started_at"),
        ({"feature": "\ud800"}, "surrogates"),
        ({"streaming": "not a flag"}, "streaming"),
    ],
)
def test_what_cannot_be_stored_is_set_aside_with_its_reason_and_the_rest_is_stored(
    store: EventStore, bad: dict[str, object], named: str
) -> None:
    odd = priced(7, **bad)
    result = store.append([priced(1), odd, priced(2)])
    assert result.accepted == (event_id(1), event_id(2))
    assert list(result.rejected) == [odd.call.event_id]
    kept = store.query("SELECT reason FROM dead_letters").rows
    assert kept == [(result.rejected[odd.call.event_id],)]
    if "streaming" not in bad:
        assert named in kept[0][0]
    assert store.count() == 2


def test_every_field_of_an_event_comes_back_as_it_was(store: EventStore) -> None:
    event = priced(
        1,
        user="Zoë",
        tags={"a": "b", "k=;": "ü"},
        streaming=True,
        started_at=NOON + timedelta(microseconds=123_457),
        first_byte_at=NOON + timedelta(milliseconds=200, microseconds=123_457),
        ended_at=NOON + timedelta(seconds=2, microseconds=123_457),
        usage=Usage({"input": 10, "cache_read": 5, "output": 3, "reasoning": 2}, flags=("odd",)),
        raw_usage={"cost": Decimal("0.25"), "nested": {"n": None}},
        cost_usd=Decimal("0.000000000001"),
        attempt=255,
        http_status=65_535,
    )
    store.append([event])
    row = store.query(
        "SELECT user_id, tags, ts, latency_ms, ttft_ms, input_tokens, output_tokens,"
        " cache_read_tokens, cache_write_tokens, reasoning_tokens, cost, raw_usage, usage_flags,"
        " attempt, http_status, body_hash FROM events"
    ).rows[0]
    assert row == (
        "Zoë",
        {"a": "b", "k=;": "ü"},
        (NOON + timedelta(microseconds=123_457)).replace(tzinfo=None),
        2000.0,
        200.0,
        15,
        5,
        5,
        None,
        2,
        Decimal("0.000000000001"),
        '{"cost":0.25,"nested":{"n":null}}',
        '["odd"]',
        255,
        65_535,
        body_hash(event),
    )


def test_an_unpriced_event_has_no_cost_rather_than_none_at_all(store: EventStore) -> None:
    store.append([priced(1, cost_usd=None, cost_status="unpriced")])
    assert store.query("SELECT cost, cost_status FROM events").rows == [(None, "unpriced")]


def test_known_tells_stored_events_and_their_hashes(store: EventStore) -> None:
    events = [priced(number) for number in range(4)]
    store.append(events[:3])
    found = store.known([event.call.event_id for event in events])
    assert found == {event.call.event_id: body_hash(event) for event in events[:3]}
    assert store.known([]) == {}


def patch(number: int, workspace: str = WORKSPACE, **who: object) -> AttributionPatch:
    return AttributionPatch(event_id(number), Attribution(workspace_id=workspace, **who))  # type: ignore[arg-type]


@pytest.mark.parametrize("patch_first", [True, False])
def test_attribution_fills_what_the_event_leaves_open_whichever_comes_first(
    store: EventStore, patch_first: bool
) -> None:
    event = priced(1, user="from the gateway", tags={"a": "gateway"})
    added = patch(1, user="from the SDK", feature="chat", tags={"a": "sdk", "b": "sdk"})
    for step in (1, 2) if patch_first else (2, 1):
        if step == 1:
            store.attribute([added])
        else:
            store.append([event])
    rows = store.query("SELECT user_id, feature, tags FROM events").rows
    assert rows == [("from the gateway", "chat", {"a": "gateway", "b": "sdk"})]
    assert store.query("SELECT count(*) FROM pending_attribution").rows == [(0,)]


def test_attribution_from_another_workspace_touches_nothing(store: EventStore) -> None:
    store.attribute([patch(1, OTHER, feature="stolen")])
    store.append([priced(1)])
    store.attribute([patch(1, OTHER, feature="stolen")])
    assert store.query("SELECT feature FROM events").rows == [(None,)]


def test_attribution_from_another_workspace_drives_none_out_that_waits(store: EventStore) -> None:
    store.attribute([patch(1, feature="mine")])
    store.attribute([patch(1, OTHER, feature="theirs")])
    store.append([priced(1)])

    assert store.query("SELECT workspace_id, feature FROM events").rows == [(WORKSPACE, "mine")]


def test_attribution_is_applied_to_its_own_event_among_many(store: EventStore) -> None:
    store.append([priced(number) for number in range(10)])
    store.attribute([patch(3, feature="three"), patch(7, feature="seven"), patch(99, feature="x")])
    rows = store.query("SELECT feature FROM events WHERE feature IS NOT NULL ORDER BY 1").rows
    assert rows == [("seven",), ("three",)]
    assert store.query("SELECT count(*) FROM pending_attribution").rows == [(1,)]


def test_a_resend_is_still_a_duplicate_after_attribution_changed_the_row(
    store: EventStore,
) -> None:
    store.append([priced(1)])
    store.attribute([patch(1, feature="chat")])
    assert store.append([priced(1)]).duplicates == (event_id(1),)


def test_the_last_word_on_a_run_stands(store: EventStore) -> None:
    for rating in (2, 5):
        store.put_feedback(Feedback(WORKSPACE, event_id(1), NOON, rating=rating, comment="so"))
    assert store.query("SELECT rating, success, comment FROM feedback").rows == [(5, None, "so")]


def test_dropping_a_workspace_leaves_no_trace_of_it_and_all_of_the_others(
    store: EventStore,
) -> None:
    mine = [priced(number) for number in range(3)]
    theirs = [priced(number, workspace_id=OTHER) for number in range(10, 14)]
    store.append([*mine, *theirs, priced(20, cost_usd=Decimal(-1))])
    store.put_feedback(Feedback(WORKSPACE, event_id(1), NOON, rating=1))
    store.attribute([patch(50, feature="x")])
    assert store.drop_workspace(WORKSPACE) == 3
    assert store.query("SELECT DISTINCT workspace_id FROM events").rows == [(OTHER,)]
    for table in ("feedback", "pending_attribution", "dead_letters"):
        assert store.query(f"SELECT count(*) FROM {table}").rows == [(0,)]
    assert len(store.append(mine).accepted) == 3


def test_generation_changes_with_every_write_of_a_workspace_and_no_other(
    store: EventStore,
) -> None:
    seen = [store.generation(WORKSPACE)]
    store.append([priced(1)])
    seen.append(store.generation(WORKSPACE))
    store.put_feedback(Feedback(WORKSPACE, event_id(1), NOON, rating=1))
    seen.append(store.generation(WORKSPACE))
    store.attribute([patch(1, feature="f")])
    seen.append(store.generation(WORKSPACE))
    assert len(set(seen)) == 4
    assert store.generation(OTHER) == 0


def test_a_statement_over_its_time_is_ended_and_says_so(store: EventStore) -> None:
    with pytest.raises(QueryTimeoutError, match=r"longer than 0\.05 s"):
        store.query(ENDLESS, timeout_s=0.05)
    assert store.count() == 0


def test_readers_and_writers_at_once_lose_nothing_and_see_whole_batches(
    store: EventStore,
) -> None:
    seen: list[int] = []
    done = threading.Event()

    def write(part: int) -> None:
        for batch in range(5):
            base = part * 10_000 + batch * 100
            store.append([priced(base + number) for number in range(100)])

    def read() -> None:
        while not done.is_set():
            seen.append(store.count())

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(part,)) for part in range(4)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert store.count() == 2000
    assert all(count % 100 == 0 for count in seen)


def test_an_empty_batch_is_nothing(store: EventStore) -> None:
    events: list[PricedEvent] = []
    assert store.append(events).accepted == ()
    store.attribute([])
    assert store.count() == 0
