"""One computation for all who ask at once; answers kept exactly as long as they are true."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from store_events.build import NOON, WORKSPACE, priced

from quotah_server.analytics.ask import Asker
from quotah_server.analytics.query import Period, Query
from quotah_server.domain.scope import Scope
from quotah_server.store.events.base import QueryTimeoutError, Rows
from quotah_server.store.events.memory import MemoryEventStore

OTHER_WORKSPACE = "0" * 31 + "2"
QUERY = Query(metrics=["requests"], period=Period(last="7d"))


class CountingStore(MemoryEventStore):
    """Counts statements; ``gate`` holds them up until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.statements = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.failing = False

    def query(
        self, sql: str, parameters: Sequence[Any] = (), *, timeout_s: float | None = None
    ) -> Rows:
        self.statements += 1
        self.entered.set()
        assert self.gate.wait(10)
        if self.failing:
            raise QueryTimeoutError("took too long")
        return super().query(sql, parameters, timeout_s=timeout_s)


@pytest.fixture
def store() -> Iterator[CountingStore]:
    opened = CountingStore()
    opened.append([priced(1)])
    yield opened
    opened.gate.set()
    opened.close()


def asker(store: CountingStore, **options: Any) -> Asker:
    return Asker(store, clock=lambda: NOON.replace(hour=13), **options)


def test_an_answer_is_kept_until_the_data_change(store: CountingStore) -> None:
    one = asker(store)
    assert [one.ask(QUERY, Scope(WORKSPACE)).rows for _ in range(3)] == [[[1]]] * 3
    assert store.statements == 1


def test_what_was_stored_is_in_the_next_answer(store: CountingStore) -> None:
    one = asker(store)
    one.ask(QUERY, Scope(WORKSPACE))
    for number in range(2, 12):
        store.append([priced(number)])
        deadline = threading.Event()
        while one.ask(QUERY, Scope(WORKSPACE)).rows != [[number]]:
            # Twice the time that the answer took to compute, and a second at the most.
            assert not deadline.wait(0.01)


def test_another_workspace_s_events_leave_an_answer_alone(store: CountingStore) -> None:
    one = asker(store)
    one.ask(QUERY, Scope(WORKSPACE))
    store.append([priced(9, workspace_id=OTHER_WORKSPACE)])
    one.ask(QUERY, Scope(WORKSPACE))
    assert store.statements == 1


def test_answers_of_workspaces_and_projects_are_never_mixed_up(store: CountingStore) -> None:
    one = asker(store)
    store.append([priced(5, workspace_id=OTHER_WORKSPACE), priced(6, workspace_id=OTHER_WORKSPACE)])
    assert one.ask(QUERY, Scope(WORKSPACE)).rows == [[1]]
    assert one.ask(QUERY, Scope(OTHER_WORKSPACE)).rows == [[2]]
    assert one.ask(QUERY, Scope(WORKSPACE, "nobody's")).rows == [[0]]


def test_twenty_who_ask_at_once_cause_one_computation(store: CountingStore) -> None:
    one = asker(store)
    store.gate.clear()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(one.ask, QUERY, Scope(WORKSPACE)) for _ in range(20)]
        assert store.entered.wait(10)
        store.gate.set()
        assert [answer.result().rows for answer in asked] == [[[1]]] * 20
    assert store.statements == 1


def test_a_failure_reaches_everybody_who_waits_and_is_not_kept(store: CountingStore) -> None:
    one = asker(store)
    store.gate.clear()
    store.failing = True
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(one.ask, QUERY, Scope(WORKSPACE)) for _ in range(5)]
        assert store.entered.wait(10)
        store.gate.set()
        refusals = [answer.exception() for answer in asked]
    assert all(isinstance(refusal, QueryTimeoutError) for refusal in refusals)
    store.failing = False
    assert one.ask(QUERY, Scope(WORKSPACE)).rows == [[1]]


def test_the_cache_is_bounded(store: CountingStore) -> None:
    one = asker(store, max_cells=5)
    for limit in range(1, 20):
        one.ask(
            Query(metrics=["requests"], period=Period(last="7d"), limit=limit), Scope(WORKSPACE)
        )
    one.ask(Query(metrics=["requests"], period=Period(last="7d"), limit=1), Scope(WORKSPACE))
    assert store.statements == 20
