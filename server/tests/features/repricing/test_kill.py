"""kill -9 in the middle of a re-pricing: no page is half done, and the same again completes it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from features.repricing import dies
from store_events.build import NOON, priced

from quotah_server.catalog.book import load_packaged
from quotah_server.pipeline.record import record
from quotah_server.store.events.duckdb import DuckDBEventStore

EVENTS = 60
OLD, NEW = Decimal("0.0045"), Decimal("0.00225")
TESTS = Path(__file__).parents[2]


def filled(path: Path) -> None:
    store = DuckDBEventStore(path)
    calls = [priced(n, started_at=NOON + timedelta(seconds=n)).call for n in range(EVENTS)]
    store.append([record(call, load_packaged()) for call in calls])
    store.close()


def killed(path: Path, page: int, where: str) -> None:
    ended = subprocess.run(
        [sys.executable, dies.__file__, str(path), str(page), where],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
    )
    assert ended.returncode == -9


def halves(store: DuckDBEventStore) -> int:
    """Events whose cost and correction do not belong together."""
    found = store.query(
        "SELECT count(*) FROM events e LEFT JOIN (SELECT event_id, count(*) AS n, sum(delta) AS delta"
        " FROM corrections GROUP BY 1) c USING (event_id)"
        " WHERE e.revision <> coalesce(c.n, 0)"
        " OR e.cost <> CAST(? AS DECIMAL(18, 12)) + coalesce(c.delta, 0)",
        [OLD],
    )
    return int(found.rows[0][0])


def changed(store: DuckDBEventStore) -> int:
    return int(store.query("SELECT count(*) FROM events WHERE revision > 0").rows[0][0])


@pytest.mark.parametrize(
    ("page", "where", "done"),
    [(1, "inside", 0), (3, "before", 20), (3, "inside", 20), (3, "after", 30)],
)
def test_what_was_applied_before_a_kill_stands_whole_and_the_rest_is_completed(
    tmp_path: Path, page: int, where: str, done: int
) -> None:
    path = tmp_path / "events.duckdb"
    filled(path)
    killed(path, page, where)
    store = DuckDBEventStore(path)
    assert (halves(store), changed(store)) == (0, done)

    tallies = dies.go(store, lambda changes: store.reprice(changes, "r2"))

    assert sum(tally.changed for tally in tallies.values()) == EVENTS - done
    assert (halves(store), changed(store)) == (0, EVENTS)
    assert store.query("SELECT DISTINCT cost FROM events").rows == [(NEW,)]
    corrections = store.corrections(0, 1000)
    assert len({one.event_id for one in corrections}) == len(corrections) == EVENTS
    assert [one.reprice_id for one in corrections] == ["r1"] * done + ["r2"] * (EVENTS - done)
    again = dies.go(store, lambda changes: store.reprice(changes, "r3"))
    assert sum(tally.changed for tally in again.values()) == 0
    store.close()


def test_a_page_that_were_no_transaction_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    filled(path)
    killed(path, 3, "torn")
    store = DuckDBEventStore(path)
    assert halves(store) == 10
    store.close()
