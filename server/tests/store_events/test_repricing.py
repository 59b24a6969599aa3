"""New prices in place of old ones: once, all of a batch or nothing, and written down for those who
keep sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from store_events.build import NOON, WORKSPACE, event_id, priced

from quotah_server.domain.event import CostSplit
from quotah_server.domain.usage import Usage
from quotah_server.store.events.base import Repriced
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.memory import MemoryEventStore
from quotah_server.store.events.rows import PARTS

OLD, NEW = Decimal("0.0045"), Decimal("0.009")
LATER = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[MemoryEventStore]:
    opened = MemoryEventStore(clock=lambda: LATER)
    yield opened
    opened.close()


def again(number: int, cost: Decimal | None = NEW, **changes: Any) -> Repriced:
    told: dict[str, Any] = {
        "event_id": event_id(number, changes.pop("at", NOON)), "workspace_id": WORKSPACE,
        "revision": 0, "cost_usd": cost,
        "cost_status": "unpriced" if cost is None else "computed", "cost_reason": "",
        "price_version": "v2", "split": None if cost is None else CostSplit(input=cost),
    }  # fmt: skip
    return Repriced(**{**told, **changes})


def row(store: DuckDBEventStore, number: int) -> dict[str, Any]:
    found = store.query(
        "SELECT * FROM events WHERE event_id = CAST(? AS UUID)", [event_id(number, NOON)]
    )
    (values,) = found.rows
    return dict(zip(found.columns, values, strict=True))


def test_a_new_price_takes_the_place_of_the_old_one(store: MemoryEventStore) -> None:
    store.append([priced(1), priced(2)])
    before = {**row(store, 1)}
    assert store.reprice([again(1)], "r1") == 1
    after = row(store, 1)
    assert (after["cost"], after["price_version"], after["revision"]) == (NEW, "v2", 1)
    assert [after[part] for part in PARTS] == [NEW, 0, 0, 0, 0]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"cost", "cost_input", "cost_other", "price_version", "revision"}
    assert row(store, 2)["cost"] == OLD


def test_what_changed_is_written_down_with_its_delta(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    store.reprice([again(1)], "r1")
    (correction,) = store.corrections(0, 10)
    assert (correction.event_id, correction.workspace_id) == (event_id(1), WORKSPACE)
    assert (correction.old_cost, correction.new_cost, correction.delta) == (OLD, NEW, NEW - OLD)
    assert (correction.old_version, correction.new_version) == ("v1", "v2")
    assert (correction.provider, correction.model) == ("openai", "gpt-4o")
    assert (correction.ts, correction.corrected_at) == (NOON, LATER)
    assert correction.reprice_id == "r1"


def test_the_same_sent_again_changes_nothing(store: MemoryEventStore) -> None:
    store.append([priced(number) for number in range(5)])
    batch = [again(number) for number in range(5)]
    assert store.reprice(batch, "r1") == 5
    assert store.reprice(batch, "r2") == 0
    assert len(store.corrections(0, 100)) == 5
    assert {row(store, number)["revision"] for number in range(5)} == {1}


def test_a_row_that_moved_on_since_it_was_read_is_left_alone(store: MemoryEventStore) -> None:
    store.append([priced(1), priced(2)])
    store.reprice([again(1)], "r1")
    assert store.reprice([again(1, Decimal(5)), again(2, Decimal(5))], "r2") == 1
    assert row(store, 1)["cost"] == NEW
    assert row(store, 2)["cost"] == Decimal(5)


def test_another_workspace_is_out_of_reach(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    assert store.reprice([again(1, workspace_id="somebody else")], "r1") == 0
    assert row(store, 1)["cost"] == OLD
    assert store.corrections(0, 10) == []


def test_no_cost_becomes_one_and_one_becomes_none(store: MemoryEventStore) -> None:
    store.append([priced(1, cost_usd=None, cost_status="unpriced"), priced(2)])
    batch = [again(1), again(2, None, cost_reason="no price known")]
    assert store.reprice(batch, "r1") == 2
    found = {one.event_id: one for one in store.corrections(0, 10)}
    assert found[event_id(1)].delta == NEW
    assert found[event_id(1)].old_cost is None
    assert found[event_id(2)].delta == -OLD
    assert found[event_id(2)].new_cost is None
    assert [row(store, 2)[name] for name in ("cost", *PARTS)] == [None] * 6
    assert row(store, 2)["cost_reason"] == "no price known"


def test_parts_alone_are_no_correction(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    assert store.reprice([again(1, OLD)], "r1") == 1
    assert store.corrections(0, 10) == []
    assert row(store, 1)["cost_input"] == OLD


def test_counts_that_are_read_otherwise_now_are_put_right(store: MemoryEventStore) -> None:
    store.append([priced(1), priced(2)])
    usage = Usage({"input": 86, "cache_read": 1920, "output": 300}, flags=("unknown_unit:x",))
    store.reprice([again(1, usage=usage), again(2)], "r1")
    found = row(store, 1)
    assert (found["input_tokens"], found["cache_read_tokens"], found["output_tokens"]) == (
        2006,
        1920,
        300,
    )
    assert found["usage_units"] == '{"input":86,"cache_read":1920,"output":300}'
    assert found["usage_flags"] == '["unknown_unit:x"]'
    assert row(store, 2)["input_tokens"] == 1000


def test_corrections_come_in_the_order_of_the_events_and_page_by_page(
    store: MemoryEventStore,
) -> None:
    events = [
        priced(number, started_at=NOON + timedelta(seconds=9 - number)) for number in range(9)
    ]
    store.append(events)
    batch = [again(n, at=NOON + timedelta(seconds=9 - n)) for n in range(9)]
    store.reprice(batch[:4], "r1")
    store.reprice(batch[4:], "r2")
    found = store.corrections(0, 100)
    assert [one.sequence for one in found] == sorted({one.sequence for one in found})
    assert [one.ts for one in found[:4]] == sorted(one.ts for one in found[:4])
    assert [one.reprice_id for one in found] == ["r1"] * 4 + ["r2"] * 5
    pages, after = [], 0
    while page := store.corrections(after, 2):
        pages += page
        after = page[-1].sequence
    assert pages == found


def test_deltas_lead_from_the_old_sum_to_the_new_one(store: MemoryEventStore) -> None:
    store.append([priced(n, cost_usd=Decimal(n) / 7 if n % 3 else None) for n in range(50)])
    (before,) = store.query("SELECT sum(cost) FROM events").rows[0]
    store.reprice([again(n, Decimal(n * n) if n % 5 else None) for n in range(50)], "r1")
    (after,) = store.query("SELECT sum(cost) FROM events").rows[0]
    assert before + sum(one.delta for one in store.corrections(0, 100)) == after


def test_answers_from_before_are_known_to_be_old(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    before = store.generation(WORKSPACE)
    store.reprice([again(1)], "r1")
    assert store.generation(WORKSPACE) > before


def test_an_event_priced_again_is_still_the_event_it_was(store: MemoryEventStore) -> None:
    store.append([priced(1)])
    store.reprice([again(1)], "r1")
    assert store.append([priced(1)]).duplicates == (event_id(1),)
    assert store.append([priced(1, user="ann")]).conflicts == (event_id(1),)
    assert row(store, 1)["cost"] == NEW


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    store = DuckDBEventStore(path)
    store.append([priced(1), priced(2)])
    store.reprice([again(1)], "r1")
    (first,) = store.corrections(0, 10)
    store.drop_workspace(WORKSPACE)
    assert store.corrections(0, 10) == []
    store.close()
    store = DuckDBEventStore(path)
    store.append([priced(1)])
    store.reprice([again(1)], "r2")
    (second,) = store.corrections(0, 10)
    assert second.sequence > first.sequence
    store.close()


def test_nothing_to_change_changes_nothing(store: MemoryEventStore) -> None:
    assert store.reprice([], "r1") == 0
