"""Prices stored calls again and is killed in the middle: ``dies.py FILE PAGE WHERE``.

WHERE: ``before`` a page is written, ``inside`` its transaction, ``after`` its commit, or ``torn``: what
would be left if a page were not one transaction.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

from store_events.build import NOON, WORKSPACE

from quotah_server.analytics.period import Span
from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.scope import Scope
from quotah_server.features.repricing import run as passes
from quotah_server.features.repricing.repository import StoredEvents
from quotah_server.store.events import repricing
from quotah_server.store.events.base import Repriced
from quotah_server.store.events.duckdb import DuckDBEventStore

BOOK = load_packaged().under(Terms((Override("o1", "*", "*", factor=Decimal("0.5")),)))
SPAN = Span(NOON, NOON + timedelta(days=1))


def go(store: DuckDBEventStore, apply: passes.Apply) -> passes.Tallies:
    """One pass over all of the workspace."""
    aim = passes.Aim(BOOK, None, None)
    wanted = passes.Pass(Scope(WORKSPACE), SPAN, aim, BOOK)
    return passes.run(wanted, StoredEvents(store), lambda: False, apply)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(path: str, page: int, where: str) -> None:
    passes.PAGE = 10
    store = DuckDBEventStore(path)
    pages = 0
    number = repricing.number_of

    def interrupted(connection: Any, sql: str, values: list[Any]) -> int:
        if sql.startswith("UPDATE") and pages == page:
            if where == "torn":
                connection.commit()
            if where != "after":
                _die()
        return number(connection, sql, values)

    def apply(changes: list[Repriced]) -> None:
        nonlocal pages
        pages += 1
        if pages == page and where == "before":
            _die()
        store.reprice(changes, "r1")
        if pages == page:
            _die()

    repricing.number_of = interrupted
    go(store, apply)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
