"""The one who is asked: one computation for everybody who asks the same at the same time.

An answer is kept until the workspace's data change. Where data change all the time, an answer may
serve for twice the time that it took to compute, one second at most: cheap questions are always
fresh, dear ones do not take the machine down.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass

import msgspec

from quotah_server.analytics.query import Query
from quotah_server.analytics.run import Table, run
from quotah_server.domain.errors import UnavailableError
from quotah_server.domain.scope import Scope
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.events.base import EventStore

MAX_STALE_S = 1.0
MAX_AGE_S = 30.0
"""After this long a period that ends now is asked again although nothing new arrived."""
_STALE_FACTOR = 2.0
_KeyT = tuple[Scope, bytes]


@dataclass(slots=True)
class _Answer:
    table: Table
    generation: int
    done_at: float
    took_s: float


class Asker:
    """Answers Queries; safe to use from many threads, each of which it blocks.

    timeout_s: of each statement. parallel: computations at once. max_cells: kept in the cache.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        clock: Clock = utc_now,
        timeout_s: float = 15.0,
        parallel: int = 4,
        max_cells: int = 500_000,
    ) -> None:
        self._store, self._clock, self._timeout_s = store, clock, timeout_s
        self._max_cells = max_cells
        self._slots = threading.BoundedSemaphore(parallel)
        self._lock = threading.Lock()
        self._answers: OrderedDict[_KeyT, _Answer] = OrderedDict()
        self._cells = 0
        self._running: dict[_KeyT, Future[Table]] = {}

    def ask(self, query: Query, scope: Scope) -> Table:
        """Answer a checked Query.

        Raises QueryTimeoutError when it takes too long, UnavailableError when too many wait.
        """
        key = (scope, msgspec.json.encode(query))
        with self._lock:
            known = self._answers.get(key)
            if known is not None and self._serves(known, scope):
                self._answers.move_to_end(key)
                return known.table
            mine: Future[Table] | None = None
            flight = self._running.get(key)
            if flight is None:
                flight = mine = self._running[key] = Future()
        if mine is None:
            return flight.result()
        try:
            table = self._compute(key, query, scope)
        except BaseException as error:
            self._land(key)
            mine.set_exception(error)
            raise
        self._land(key)
        mine.set_result(table)
        return table

    def _serves(self, answer: _Answer, scope: Scope) -> bool:
        age = time.monotonic() - answer.done_at
        if answer.generation == self._store.generation(scope.workspace_id):
            return age <= MAX_AGE_S
        return age <= min(MAX_STALE_S, answer.took_s * _STALE_FACTOR)

    def _compute(self, key: _KeyT, query: Query, scope: Scope) -> Table:
        if not self._slots.acquire(timeout=self._timeout_s):
            raise UnavailableError("too many questions wait for an answer", retry_after_s=2)
        try:
            generation = self._store.generation(scope.workspace_id)
            began = time.monotonic()
            table = run(
                query,
                scope=scope,
                store=self._store,
                now=self._clock(),
                timeout_s=self._timeout_s,
            )
            done = time.monotonic()
        finally:
            self._slots.release()
        self._keep(key, _Answer(table, generation, done, done - began))
        return table

    def _land(self, key: _KeyT) -> None:
        with self._lock:
            self._running.pop(key, None)

    def _keep(self, key: _KeyT, answer: _Answer) -> None:
        with self._lock:
            before = self._answers.pop(key, None)
            self._cells += _size(answer) - (_size(before) if before else 0)
            self._answers[key] = answer
            while self._cells > self._max_cells and self._answers:
                _, oldest = self._answers.popitem(last=False)
                self._cells -= _size(oldest)


def _size(answer: _Answer) -> int:
    return (len(answer.table.rows) + 1) * len(answer.table.columns)
