"""A whole Quotah in front of a mock provider in this process, and what both have on record."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from lab.instance import Instance
from lab.processes import until

from quotah_server.mock.background import BackgroundMock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import TAG

T = TypeVar("T")
_LOG_LINES = 2_000_000


def survive(story: Callable[[Instance, str], T]) -> tuple[T, dict[str, Any]]:
    """Run a story, given the instance and a gateway key; what it tells, and how the books compare."""
    with (
        tempfile.TemporaryDirectory(prefix="quotah-bench-") as name,
        BackgroundMock(log_capacity=_LOG_LINES) as mock,
    ):
        folder = Path(name)
        with Instance(folder) as instance:
            told = story(instance, prepare(instance, mock))
            settle(instance)
        return told, compare(mock, folder)


def prepare(instance: Instance, mock: BackgroundMock) -> str:
    """Make the owner, both providers and a gateway key; returns the key."""
    instance.init()
    for provider, url in (("openai", mock.openai_url), ("anthropic", mock.anthropic_url)):
        instance.run(
            "providers", "add", provider, "--api-key-stdin", "--base-url", url,
            stdin=b"sk-survival-bench\n",
        )  # fmt: skip
    made = instance.run("keys", "create", "--kind", "gateway", "--name", "bench")
    return str(made["key"])


def settle(instance: Instance) -> None:
    """Wait until the gateway has nothing left to record or to deliver."""
    names = ("in_flight", "draining", "events_waiting", "journal_depth", "intents_open")

    def done() -> bool:
        try:
            text = instance.get(instance.gateway_port, "/metrics").decode()
        except OSError:
            return False
        return all(f"quotah_gateway_{name} 0.0" in text for name in names)

    until(done, "everything is recorded and delivered", 120.0, 0.2)


def compare(mock: BackgroundMock, folder: Path) -> dict[str, Any]:
    """The provider's log against the stored events, once Quotah has ended."""
    billed = mock.log()
    with duckdb.connect(str(folder / "events.duckdb"), read_only=True) as db:
        rows = db.execute(
            "SELECT request_id, event_id::VARCHAR, provider_response_id, status, cost, cost_status "
            "FROM events WHERE request_id IS NOT NULL"
        ).fetchall()
    tags = Counter(entry.headers.get(TAG) for entry in billed)
    events = Counter(row[0] for row in rows)
    exact = {row[2]: row[4] for row in rows if row[3] == "success" and row[5] == "computed"}
    prices = {}
    for entry in billed:
        if entry.outcome == "complete" and entry.id in exact:
            prices.setdefault((entry.model, str(entry.usage)), set()).add(exact[entry.id])
    return {
        "billed": len(billed),
        "events": len(rows),
        "lost": sum((tags - events).values()),
        "ids_twice": len(rows) - len({row[1] for row in rows}),
        "responses_twice": sum(
            n - 1 for n in Counter(row[2] for row in rows if row[2]).values() if n > 1
        ),
        "never_sent": sum((events - tags).values()),
        "costs_unequal": sum(len(found) > 1 for found in prices.values()),
        "free": sum(row[4] is None or row[4] <= Decimal(0) for row in rows if tags[row[0]]),
        "status": dict(Counter(row[3] for row in rows)),
        "cost_status": dict(Counter(row[5] for row in rows)),
    }
