"""Money end to end: whatever calls come, their costs add up to the last digit wherever they are summed.

Raw usage goes through ``record`` into a DuckDB file and is asked for by queries; every sum is compared
with the exact sum of the events' costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_events.build import event_id

from quotah_server.analytics.query import Period, Query, check
from quotah_server.analytics.run import Table, run
from quotah_server.catalog.book import Book, load_packaged
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.scope import Scope
from quotah_server.pipeline.record import record
from quotah_server.store.events.duckdb import DuckDBEventStore

WORKSPACES = tuple(f"{number:032x}" for number in range(1, 4))
PROJECTS = ("p" * 32, "q" * 32)
# Around a change of list prices and over hours with and without DeepSeek's peak rates.
FIRST = datetime(2026, 8, 20, tzinfo=UTC)
HOURS = 96
LAST = FIRST + timedelta(hours=HOURS)
PARTS = ["cost_input", "cost_cache_read", "cost_cache_write", "cost_output", "cost_other"]
tokens = st.integers(0, 400_000)


def chat(draw: st.DrawFn) -> dict[str, Any]:
    prompt, completion = draw(tokens), draw(tokens)
    cached = draw(st.integers(0, prompt))
    thought = draw(st.integers(0, completion))
    return {
        "prompt_tokens": prompt, "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }  # fmt: skip


def messages(draw: st.DrawFn) -> dict[str, Any]:
    five, hour = draw(tokens), draw(tokens)
    return {
        "input_tokens": draw(tokens), "output_tokens": draw(tokens),
        "cache_read_input_tokens": draw(tokens), "cache_creation_input_tokens": five + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "server_tool_use": {"web_search_requests": draw(st.integers(0, 5))},
    }  # fmt: skip


KINDS = (
    ("openai", "chat", chat, ("gpt-4o-mini", "gpt-5.6-sol", "o3", "no-such-model")),
    (
        "anthropic",
        "messages",
        messages,
        ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-6"),
    ),
    ("deepseek", "chat", chat, ("deepseek-v4-pro", "deepseek-chat")),
)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    provider, operation, usage, models = draw(st.sampled_from(KINDS))
    start = FIRST + timedelta(milliseconds=draw(st.integers(0, HOURS * 3_600_000 - 1)))
    model = draw(st.sampled_from(models))
    lost = draw(st.integers(0, 9)) == 0
    return Call(
        event_id=event_id(0, start),
        call_id=event_id(0, start),
        door="api",
        attribution=Attribution(
            workspace_id=draw(st.sampled_from(WORKSPACES)),
            project_id=draw(st.sampled_from(PROJECTS)),
        ),
        provider=provider,
        operation=operation,
        model_requested=model,
        model_response=model,
        service_tier=draw(st.sampled_from([None, "flex", "priority"]))
        if provider == "openai"
        else None,
        raw_usage=None if lost else usage(draw),
        estimated_units={"input": 1234, "output": 56} if lost else None,
        status="success",
        started_at=start,
        ended_at=start,
    )


@pytest.fixture(scope="module")
def book() -> Book:
    return load_packaged()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEventStore]:
    opened = DuckDBEventStore(tmp_path_factory.mktemp("sums") / "events.duckdb")
    yield opened
    opened.close()


def fill(store: DuckDBEventStore, events: list[PricedEvent]) -> None:
    for workspace in WORKSPACES:
        store.drop_workspace(workspace)
    store.append(events)


def ask(store: DuckDBEventStore, scope: Scope, **how: Any) -> Table:
    metrics = how.pop("metrics", ["cost"])
    how.setdefault("limit", 1000)
    query = Query(metrics=metrics, period=Period(from_=FIRST, to=LAST), **how)
    check(query)
    return run(query, scope=scope, store=store, now=LAST)


def summed(table: Table, metric: str = "cost") -> Decimal:
    """The sum of a column, in exact decimals; amounts come as text."""
    place = [column.name for column in table.columns].index(metric)
    cells = [row[place] for row in table.rows]
    assert not any(isinstance(cell, float) for cell in cells)
    return sum((Decimal(cell) for cell in cells if cell is not None), Decimal(0))


WAYS: dict[str, dict[str, Any]] = {
    "all": {},
    "hour": {"grain": "hour"},
    "hour of another zone": {"grain": "hour", "timezone": "Asia/Kolkata"},
    "day": {"grain": "day", "timezone": "America/New_York"},
    "model": {"dimensions": ["model"]},
    "provider": {"dimensions": ["provider"]},
    "project and model by day": {"dimensions": ["project", "model"], "grain": "day"},
    "the dearest model and the rest": {"dimensions": ["model"], "other": True, "limit": 1},
}


def assert_sums(store: DuckDBEventStore, events: list[PricedEvent]) -> None:
    """Every way to sum a workspace's costs gives the exact sum of its events, the parts of the costs
    included; the workspaces make up the whole, and the projects make up a workspace."""
    everything = Decimal(0)
    for workspace in WORKSPACES:
        mine = [event for event in events if event.call.attribution.workspace_id == workspace]
        exact = sum((event.cost_usd for event in mine if event.cost_usd is not None), Decimal(0))
        scope = Scope(workspace)
        for name, how in WAYS.items():
            assert summed(ask(store, scope, **how)) == exact, (workspace, name)
        parts = ask(store, scope, metrics=PARTS)
        assert sum((summed(parts, part) for part in PARTS), Decimal(0)) == exact
        projects = [summed(ask(store, Scope(workspace, project))) for project in PROJECTS]
        assert sum(projects, Decimal(0)) == exact
        everything += summed(ask(store, scope))
    assert everything == sum((event.cost_usd or Decimal(0) for event in events), Decimal(0))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(calls(), max_size=40))
def test_costs_add_up_wherever_they_are_summed(
    store: DuckDBEventStore, book: Book, found: list[Call]
) -> None:
    events = [
        record(msgspec.structs.replace(call, event_id=event_id(number, call.started_at)), book)
        for number, call in enumerate(found)
    ]
    fill(store, events)
    assert_sums(store, events)


def many(book: Book, count: int) -> list[PricedEvent]:
    """Small calls of one workspace, a minute apart."""
    return [
        record(
            Call(
                event_id=event_id(number, FIRST + timedelta(minutes=number)),
                call_id=event_id(number, FIRST),
                door="api",
                attribution=Attribution(workspace_id=WORKSPACES[0], project_id=PROJECTS[0]),
                provider="openai",
                operation="chat",
                model_requested="gpt-4o-mini",
                raw_usage={"prompt_tokens": number, "completion_tokens": 1},
                status="success",
                started_at=FIRST + timedelta(minutes=number),
                ended_at=FIRST + timedelta(minutes=number),
            ),
            book,
        )
        for number in range(count)
    ]


def test_the_check_sees_a_digit_that_is_off(store: DuckDBEventStore, book: Book) -> None:
    events = many(book, 50)
    fill(store, events)
    assert_sums(store, events)
    first = events[0]
    assert first.cost_usd is not None
    off = msgspec.structs.replace(first, cost_usd=first.cost_usd + Decimal("1e-12"))
    with pytest.raises(AssertionError):
        assert_sums(store, [off, *events[1:]])


def test_the_check_sees_an_event_that_is_lost_or_counted_twice(
    store: DuckDBEventStore, book: Book
) -> None:
    events = many(book, 20)
    fill(store, events)
    with pytest.raises(AssertionError):
        assert_sums(store, events[1:])
    with pytest.raises(AssertionError):
        assert_sums(store, [*events, events[0]])
    store.append(events)
    assert_sums(store, events)


def test_the_calls_are_of_the_kinds_that_matter(book: Book) -> None:
    """That the property is not about nothing: priced and unpriced, computed and estimated."""
    statuses: set[str] = set()

    @settings(
        max_examples=100, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(calls())
    def look(call: Call) -> None:
        statuses.add(record(call, book).cost_status)

    look()
    assert statuses >= {"computed", "estimated", "unpriced"}
