"""Ways of a batch of priced events into DuckDB, beside each other in one run.

    .venv/bin/python bench/append/run.py [--batches 60] [--size 500]

Every way stores the same rows: one transaction per batch, ids looked up first, durable when it returns.
Prints rows per second and CPU microseconds per row; the CPU figure is the one to compare on a busy
machine. "store" is the whole of ``DuckDBEventStore.append``, PricedEvents in.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import id_at
from quotah_server.domain.usage import Usage
from quotah_server.store.events import arrow
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.rows import COLUMNS, NAMES, body_hash, micros, row_of

START = datetime(2026, 3, 1, tzinfo=UTC)
CARRIED = {"uuid": "VARCHAR", "time": "BIGINT", "money": "VARCHAR", "map": "VARCHAR", "text": "VARCHAR",
           "bool": "BOOLEAN", "uint8": "UTINYINT", "uint16": "USMALLINT", "uint64": "UBIGINT",
           "int": "BIGINT", "float": "DOUBLE"}  # fmt: skip
NEW_ONLY = (
    " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.event_id BETWEEN CAST(? AS UUID)"
    " AND CAST(? AS UUID) AND e.event_id = CAST(s.event_id AS UUID))"
)
INSERT = f"INSERT INTO events ({', '.join(NAMES)}) SELECT {arrow.SELECT_LIST} FROM "
SHAPE = msgspec.json.encode([{name: CARRIED[kind] for name, kind in COLUMNS}]).decode()
Row = tuple[Any, ...]
Way = Callable[[duckdb.DuckDBPyConnection, list[Row]], None]


def event(number: int) -> PricedEvent:
    at = START + timedelta(milliseconds=2 * number)
    name = id_at(at, number.to_bytes(10, "big"))
    who = Attribution(
        workspace_id="a" * 32, project_id="b" * 32, key_id="c" * 32, user=f"user-{number % 2000}",
        team="core", session=f"s-{number // 9}", feature="chat", prompt="greet",
        prompt_version="3", tags={"plan": "pro"},
    )  # fmt: skip
    call = Call(
        event_id=name, call_id=name, door="gateway", attribution=who, provider="openai",
        operation="chat", model_requested="gpt-4o", model_response="gpt-4o-2024-11-20",
        streaming=True, status="success", http_status=200, finish_reason="stop", started_at=at,
        first_byte_at=at + timedelta(milliseconds=300), ended_at=at + timedelta(seconds=2),
        raw_usage={"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200,
                   "prompt_tokens_details": {"cached_tokens": 500}},
        provider_response_id=f"chatcmpl-{number}", provider_request_id=f"req_{number}",
    )  # fmt: skip
    usage = Usage({"input": 500, "cache_read": 500, "output": 200})
    return PricedEvent(call, usage, Decimal("0.003875"), "computed", "0123456789ab")


def span(rows: list[Row]) -> list[str]:
    return [rows[0][0], rows[-1][0]]


def by_json(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """One JSON parameter, unnested in SQL into a temporary table."""
    text = msgspec.json.encode([dict(zip(NAMES, row, strict=True)) for row in rows]).decode()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE arriving AS"
        f" SELECT unnest(from_json(?, '{SHAPE}'), recursive := true)",
        [text],
    ).fetchall()
    connection.execute(f"{INSERT} arriving s {NEW_ONLY}", span(rows)).fetchall()


def by_appender(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """The client's row appender into a temporary table."""
    columns = ", ".join(f"{name} {CARRIED[kind]}" for name, kind in COLUMNS)
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS staged ({columns})").fetchall()
    connection.execute("DELETE FROM staged").fetchall()
    appender = connection.appender("staged")
    appender.append_rows(rows)
    appender.flush()
    connection.execute(f"{INSERT} staged s {NEW_ONLY}", span(rows)).fetchall()


def by_arrow(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """An Arrow table made by arro3-core."""
    connection.register("batch", arrow.table_of(rows))
    connection.execute(f"{INSERT} batch s {NEW_ONLY}", span(rows)).fetchall()
    connection.unregister("batch")


def measure(name: str, size: int, batches: list[Any], put: Callable[[Any], None]) -> None:
    put(batches[0])
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in batches[1:]:
        put(batch)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows = size * (len(batches) - 1)
    print(f"{name:10} {rows / wall:10,.0f} rows/s {cpu / rows * 1e6:8.1f} us CPU/row")


def run_way(way: Way, size: int, batches: list[list[PricedEvent]]) -> None:
    rows = [[row_of(one, micros(START), body_hash(one)) for one in batch] for batch in batches]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.duckdb"
        DuckDBEventStore(path).close()
        connection = duckdb.connect(str(path), config={"memory_limit": "256MB", "threads": "2"})

        def put(batch: list[Row]) -> None:
            connection.begin()
            way(connection, batch)
            connection.commit()

        measure(way.__name__.removeprefix("by_"), size, rows, put)
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--size", type=int, default=500)
    asked = parser.parse_args()
    batches = [
        [event(batch * asked.size + number) for number in range(asked.size)]
        for batch in range(asked.batches)
    ]
    for way in (by_json, by_appender, by_arrow):
        run_way(way, asked.size, batches)
    with tempfile.TemporaryDirectory() as folder:
        store = DuckDBEventStore(Path(folder) / "events.duckdb")
        measure("store", asked.size, batches, store.append)
        store.close()


if __name__ == "__main__":
    main()
