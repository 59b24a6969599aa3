"""Random questions about random events: the engine answers as plain Python does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from analytics import oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_events.build import WORKSPACE, event_id, priced

from quotah_server.analytics.metrics import METRICS
from quotah_server.analytics.query import Filter, Order, Period, Query, check
from quotah_server.analytics.run import Table, run
from quotah_server.domain.event import CostSplit, PricedEvent
from quotah_server.domain.scope import Scope
from quotah_server.domain.usage import Usage
from quotah_server.store.events.base import EventStore, Feedback
from quotah_server.store.events.memory import MemoryEventStore

OTHER_WORKSPACE = "0" * 31 + "2"
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Asia/Tokyo")
# Around the changes of the clock in Berlin (29 March), New York (8 March) and Cairo (24 April).
FIRST = datetime(2026, 3, 6, tzinfo=UTC)
LAST = datetime(2026, 4, 27, tzinfo=UTC)
TEXTS = ("a", "b", "ab", "B", "ü", "a b", "", None)
GRAINS = (None, "hour", "day", "week", "month")
SORTABLE = (
    "requests", "attempts", "cost", "input_tokens", "distinct_users", "errors", "saved", "cache_hits",
)  # fmt: skip
IDS = ("a" * 32, "b" * 32, None)

instants = st.integers(0, int((LAST - FIRST).total_seconds() * 1000) - 1).map(
    lambda ms: FIRST + timedelta(milliseconds=ms)
)
# Often at, just before and just after a full local hour or day.
edges = st.sampled_from([-1, 0, 1]).flatmap(
    lambda step: st.integers(0, int((LAST - FIRST).total_seconds() / 1800) - 2).map(
        lambda half: FIRST + timedelta(minutes=30 * (half + 1), milliseconds=step)
    )
)
counts = st.none() | st.integers(0, 5000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    names = ("input", "cache_read", "cache_write_5m", "output", "reasoning")
    return Usage({name: n for name in names if (n := draw(counts)) is not None})


@st.composite
def events(draw: st.DrawFn, number: int) -> PricedEvent:
    start = draw(instants | edges)
    cost = draw(st.none() | st.decimals(0, 10, places=12))
    text = st.sampled_from(TEXTS)
    attempt = draw(st.sampled_from([1, 1, 1, 2]))
    took = draw(st.integers(0, 100_000))
    from_cache = draw(st.sampled_from([False, False, True]))
    if from_cache:
        cost = Decimal(0)
    return priced(
        number,
        started_at=start,
        ended_at=start + timedelta(milliseconds=took),
        first_byte_at=draw(st.none() | st.just(start + timedelta(milliseconds=took / 2))),
        streaming=draw(st.booleans()),
        attempt=attempt,
        final=draw(st.booleans()) if attempt == 1 else True,
        workspace_id=draw(st.sampled_from([WORKSPACE, WORKSPACE, WORKSPACE, OTHER_WORKSPACE])),
        model_requested=draw(st.sampled_from(["gpt-4o", "claude", None])),
        feature=draw(text),
        user=draw(text),
        session=draw(text),
        tags=draw(st.dictionaries(st.sampled_from(["t", "u v"]), st.sampled_from(TEXTS[:-1]))),
        status=draw(st.sampled_from(["success", "success", "error", "cancelled", "interrupted"])),
        http_status=draw(st.none() | st.sampled_from([200, 429, 500])),
        usage=draw(usages()),
        cost_usd=cost,
        cost_status="unpriced" if cost is None else "computed",
        split=None if cost is None else draw(splits(cost)),
        credential_id=draw(st.sampled_from(IDS)),
        route_id=draw(st.sampled_from(IDS)),
        from_cache=from_cache,
        saved_usd=draw(st.none() | st.decimals(0, 10, places=12)) if from_cache else None,
    )


@st.composite
def splits(draw: st.DrawFn, cost: Decimal) -> CostSplit | None:
    """A cost in parts, or one of an earlier version that nobody split."""
    if draw(st.booleans()):
        return None
    left, parts = cost, []
    for _ in range(4):
        parts.append(draw(st.decimals(0, left, places=12)))
        left -= parts[-1]
    return CostSplit(*parts, left)


@st.composite
def histories(draw: st.DrawFn, min_size: int = 0) -> tuple[list[PricedEvent], dict[str, int]]:
    size = draw(st.integers(min_size, 25))
    found = [draw(events(number)) for number in range(size)]
    rated = [event.call.call_id for event in found if draw(st.booleans())]
    return found, {call_id: draw(st.integers(1, 5)) for call_id in rated}


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(["feature", "model", "tag:t", "tag:u v", "status"]))
    numeric = draw(
        st.sampled_from(["latency_ms", "input_tokens", "cost", "hour", "http_status", "saved"])
    )
    if draw(st.integers(0, 7)) == 0:
        one_id = f"cred_{IDS[0]}"
        return draw(
            st.sampled_from([Filter("from_cache", "eq", True), Filter("credential", "ne", one_id)])
        )
    if draw(st.booleans()):
        op = draw(st.sampled_from(["eq", "ne", "prefix", "contains", "in", "not_in", "is_null"]))
        texts = st.sampled_from([text for text in TEXTS if text is not None] + ["success"])
        value: Any = draw(st.lists(texts, min_size=1, max_size=3) if "in" in op[-2:] else texts)
        return Filter(name, op, None if op == "is_null" else value)
    op = draw(st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne", "not_null"]))
    return Filter(numeric, op, None if op == "not_null" else draw(st.integers(0, 3000)))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    grain = draw(st.sampled_from(GRAINS))
    start = draw(instants | edges)
    longest = {"hour": 4, "day": 40}.get(grain or "", 60)
    end = start + timedelta(minutes=draw(st.integers(1, longest * 24 * 60)))
    dimensions = [
        "model", "feature", "tag:t", "hour", "weekday", "day", "week", "month", "status", "credential",
        "route",
    ]  # fmt: skip
    metrics = draw(st.lists(st.sampled_from([*METRICS]), min_size=1, max_size=6, unique=True))
    sort = draw(st.sampled_from(SORTABLE))
    metrics = [sort, *(name for name in metrics if name != sort)]
    chosen = draw(st.lists(st.sampled_from(dimensions), max_size=2, unique=True))
    return Query(
        metrics=metrics,
        dimensions=chosen,
        period=Period(from_=start, to=end),
        filters=draw(st.lists(filters(), max_size=2)),
        timezone=draw(st.sampled_from(ZONES)),
        grain=grain,
        order=[Order(sort, desc=draw(st.booleans()))],
        limit=draw(st.sampled_from([1, 2, 3, 100])),
        other=bool(chosen) and draw(st.booleans()),
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[EventStore]:
    store = MemoryEventStore()
    yield store
    store.close()


def fill(store: EventStore, events: list[PricedEvent], ratings: dict[str, int]) -> None:
    for workspace in (WORKSPACE, OTHER_WORKSPACE):
        store.drop_workspace(workspace)
    store.append(events)
    for call_id, rating in ratings.items():
        store.put_feedback(Feedback(WORKSPACE, call_id, FIRST, rating=rating))


def equal(got: Any, wanted: Any, unit: str) -> bool:
    if wanted is None or got is None:
        return got is wanted
    if unit == "usd":
        return Decimal(got) == wanted
    if isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return got == wanted


def keyed(table: Table) -> dict[tuple[Any, ...], list[Any]]:
    width = sum(column.kind in ("time", "dimension") for column in table.columns)
    timed = table.columns[0].kind == "time"
    found = {}
    for row in table.rows:
        key = tuple(row[:width])
        if timed:
            key = (datetime.fromisoformat(str(key[0])), *key[1:])
        assert key not in found
        found[key] = row[width:]
    return found


def sort_key(query: Query, found: dict[tuple[Any, ...], list[Any]]) -> list[tuple[Any, ...]]:
    """The groups in the order that the query asks for; ties by their values, absent ones last."""
    order = query.order[0]
    sign = -1 if order.desc else 1

    def place(key: tuple[Any, ...]) -> tuple[Any, ...]:
        value = found[key][0]
        lead = (value is None, 0 if value is None else sign * value)
        return (*lead, *((cell is None, "" if cell is None else cell) for cell in key))

    return sorted(found, key=place)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories(), query=queries())
def test_the_engine_answers_as_plain_python_does(
    engine: EventStore, history: tuple[list[PricedEvent], dict[str, int]], query: Query
) -> None:
    check(query)
    events, ratings = history
    fill(engine, events, ratings)
    table = run(query, scope=Scope(WORKSPACE), store=engine, now=LAST)
    start, end = query.period.from_, query.period.to
    assert start is not None
    assert end is not None
    place: Any = {"workspace": WORKSPACE, "start": start, "end": end}
    flat = Query(
        metrics=query.metrics,
        period=query.period,
        dimensions=query.dimensions,
        filters=query.filters,
        timezone=query.timezone,
    )
    groups = oracle.answer(flat, events, ratings, **place)
    ordered = sort_key(query, groups)
    top = ordered[: query.limit] if query.dimensions else None
    wanted = oracle.answer(query, events, ratings, **place, top=top)
    got = keyed(table)
    assert got.keys() == wanted.keys()
    units = [column.unit for column in table.columns if column.kind == "metric"]
    for key, cells in wanted.items():
        for cell, other, unit in zip(got[key], cells, units, strict=True):
            assert equal(cell, other, unit), (key, cell, other)
    if query.dimensions and query.grain is None:
        named = [key for key in got if "__other__" not in key]
        assert named == top
        assert table.truncated == (len(ordered) > query.limit)
    if query.dimensions or query.grain:
        everything = Query(
            metrics=query.metrics,
            period=query.period,
            filters=query.filters,
            timezone=query.timezone,
        )
        (cells,) = oracle.answer(everything, events, ratings, **place).values()
        assert table.totals is not None
        for name, cell, unit in zip(query.metrics, cells, units, strict=True):
            assert equal(table.totals[name], cell, unit), name


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=histories(min_size=10),
    chosen=st.lists(filters(), min_size=8, max_size=8),
    zone=st.sampled_from(ZONES),
)
def test_each_filter_chooses_the_events_that_plain_python_chooses(
    engine: EventStore,
    history: tuple[list[PricedEvent], dict[str, int]],
    chosen: list[Filter],
    zone: str,
) -> None:
    fill(engine, history[0], {})
    for condition in chosen:
        query = Query(
            metrics=["attempts"],
            period=Period(from_=FIRST, to=LAST),
            filters=[condition],
            timezone=zone,
        )
        check(query)
        table = run(query, scope=Scope(WORKSPACE), store=engine, now=LAST)
        wanted = oracle.select(query, history[0], WORKSPACE, FIRST, LAST)
        assert table.rows == [[len(wanted)]], condition


def test_the_oracle_can_tell_a_wrong_answer(engine: EventStore) -> None:
    fill(engine, [priced(1, started_at=FIRST)], {event_id(1, FIRST): 3})
    query = Query(
        metrics=["cost", "rating_avg"], period=Period(from_=FIRST, to=FIRST + timedelta(hours=1))
    )
    table = run(query, scope=Scope(WORKSPACE), store=engine, now=LAST)
    assert table.rows == [["0.0045", 3.0]]
    assert not equal("0.0045", Decimal("0.004500000001"), "usd")
    assert not equal(1.0, 1.0000001, "ms")
