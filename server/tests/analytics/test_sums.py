"""Sums agree whichever way they are cut: all together, by the hour, by model, by workspace, by part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from store_events.build import WORKSPACE, priced

from quotah_server.analytics.query import Period, Query
from quotah_server.analytics.run import run
from quotah_server.domain.event import CostSplit, PricedEvent
from quotah_server.domain.scope import Scope
from quotah_server.store.events.base import Repriced
from quotah_server.store.events.memory import MemoryEventStore

OTHER_WORKSPACE = "0" * 31 + "2"
FIRST = datetime(2026, 3, 27, tzinfo=UTC)
LAST = FIRST + timedelta(days=4)
PARTS = ["cost_input", "cost_cache_read", "cost_cache_write", "cost_output", "cost_other"]
COSTS = st.none() | st.decimals(0, 999_999, places=12)


@st.composite
def splits(draw: st.DrawFn, cost: Decimal | None) -> CostSplit | None:
    if cost is None or draw(st.booleans()):
        return None
    part = draw(st.decimals(0, cost, places=12))
    return CostSplit(input=part, output=cost - part)


@st.composite
def events(draw: st.DrawFn, number: int) -> PricedEvent:
    cost = draw(COSTS)
    return priced(
        number,
        started_at=FIRST + timedelta(minutes=draw(st.integers(0, 4 * 24 * 60 - 1))),
        workspace_id=draw(st.sampled_from([WORKSPACE, OTHER_WORKSPACE])),
        model_requested=draw(st.sampled_from(["gpt-4o", "claude", None])),
        cost_usd=cost,
        cost_status="unpriced" if cost is None else "computed",
        split=draw(splits(cost)),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[PricedEvent, Decimal | None]]:
    """Events, and what each costs when it is priced again."""
    size = draw(st.integers(0, 20))
    return [(draw(events(number)), draw(COSTS)) for number in range(size)]


def asked(store: MemoryEventStore, metrics: list[str], **more: Any) -> Decimal:
    """The sum of all money cells of a table, over both workspaces."""
    query = Query(metrics=metrics, period=Period(from_=FIRST, to=LAST), totals=False, **more)
    total = Decimal(0)
    for workspace_id in (WORKSPACE, OTHER_WORKSPACE):
        table = run(query, scope=Scope(workspace_id), store=store, now=LAST)
        places = [i for i, column in enumerate(table.columns) if column.unit == "usd"]
        total += sum(
            Decimal(str(row[i])) for row in table.rows for i in places if row[i] is not None
        )
    return total


def agree(store: MemoryEventStore, costs: list[Decimal | None], zone: str) -> None:
    known = sum((cost for cost in costs if cost is not None), Decimal(0))
    assert asked(store, ["cost"]) == known
    assert asked(store, ["cost"], grain="hour", timezone=zone) == known
    assert asked(store, ["cost"], grain="day", timezone=zone) == known
    assert asked(store, ["cost"], dimensions=["model"]) == known
    assert asked(store, ["cost"], dimensions=["model"], limit=1, other=True) == known
    assert asked(store, PARTS) == known
    assert asked(store, PARTS, dimensions=["model"], grain="hour", timezone=zone) == known


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_every_way_to_cut_costs_gives_the_same_sum_before_and_after_a_repricing(
    history: list[tuple[PricedEvent, Decimal | None]], zone: str
) -> None:
    store = MemoryEventStore()
    store.append([event for event, _ in history])
    agree(store, [event.cost_usd for event, _ in history], zone)
    store.reprice([_again(event, cost) for event, cost in history], "r1")
    agree(store, [cost for _, cost in history], zone)
    before = sum((event.cost_usd or Decimal(0) for event, _ in history), Decimal(0))
    after = sum((cost or Decimal(0) for _, cost in history), Decimal(0))
    assert before + sum(one.delta for one in store.corrections(0, 100)) == after
    store.close()


def _again(event: PricedEvent, cost: Decimal | None) -> Repriced:
    return Repriced(
        event_id=event.call.event_id,
        workspace_id=event.call.attribution.workspace_id,
        revision=0,
        cost_usd=cost,
        cost_status="unpriced" if cost is None else "computed",
        cost_reason="",
        price_version="v2",
        split=None if cost is None else CostSplit(other=cost),
    )
