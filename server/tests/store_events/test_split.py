"""The five parts of every stored cost make up the cost; older files are brought to that."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from store_events.build import NOON, WORKSPACE, priced

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline.record import record
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.memory import MemoryEventStore
from quotah_server.store.events.rows import NAMES, PARTS
from quotah_server.store.events.schema.migrate import migrations

_SUMS = "sum(cost), " + ", ".join(f"sum({part})" for part in PARTS)
_COUNT = st.integers(0, 10**7)
_CHAT = st.builds(
    lambda prompt, cached, completion, thought: {
        "prompt_tokens": prompt + cached,
        "completion_tokens": completion + thought,
        "total_tokens": prompt + cached + completion + thought,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thought},
    },
    _COUNT, _COUNT, _COUNT, _COUNT,
)  # fmt: skip
_MESSAGES = st.builds(
    lambda uncached, read, short, long, output, searches: {
        "input_tokens": uncached,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {
            "ephemeral_5m_input_tokens": short,
            "ephemeral_1h_input_tokens": long,
        },
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": searches},
    },
    _COUNT, _COUNT, _COUNT, _COUNT, _COUNT, st.integers(0, 20),
)  # fmt: skip
_CALLS = st.one_of(
    st.tuples(st.just("openai"), st.just("chat"), st.sampled_from(("gpt-4o", "o3", "nobody")), _CHAT),
    st.tuples(
        st.just("anthropic"), st.just("messages"),
        st.sampled_from(("claude-sonnet-4-5", "claude-haiku-4-5")), _MESSAGES,
    ),
    st.tuples(
        st.just("openrouter"), st.just("chat"), st.just("any/model"),
        st.builds(lambda usage, cost: {**usage, "cost": cost}, _CHAT,
                  st.decimals(0, 10, places=9, allow_nan=False)),
    ),
)  # fmt: skip


def event(
    number: int, provider: str, operation: str, model: str, raw: dict[str, Any]
) -> PricedEvent:
    at = NOON + timedelta(seconds=number)
    made = priced(number, started_at=at).call
    call = Call(
        event_id=made.event_id, call_id=made.call_id, door="gateway",
        attribution=Attribution(workspace_id=WORKSPACE), provider=provider, operation=operation,
        model_response=model, raw_usage=raw, status="success", http_status=200, started_at=at,
        ended_at=at,
    )  # fmt: skip
    return record(call, load_packaged())


@settings(max_examples=30, deadline=None)
@given(st.lists(_CALLS, min_size=1, max_size=20))
def test_the_parts_of_all_costs_make_up_the_costs(
    calls: list[tuple[str, str, str, dict[str, Any]]],
) -> None:
    store = MemoryEventStore()
    events = [event(number, *call) for number, call in enumerate(calls)]
    assert len(store.append(events).accepted) == len(events)
    costs = [one.cost_usd for one in events if one.cost_usd is not None]
    total, *parts = store.query(f"SELECT {_SUMS} FROM events").rows[0]
    assert (total or 0) == sum(costs)
    assert sum(part for part in parts if part is not None) == sum(costs)
    odd = store.query(
        f"SELECT count(*) FROM events WHERE cost IS DISTINCT FROM {' + '.join(PARTS)}"
    )
    assert odd.rows == [(0,)]
    store.close()


def test_a_cost_that_nobody_split_is_other() -> None:
    store = MemoryEventStore()
    store.append([priced(1), priced(2, cost_usd=None, cost_status="unpriced")])
    rows = store.query(f"SELECT {', '.join(PARTS)} FROM events ORDER BY event_id").rows
    nothing = Decimal(0)
    assert rows == [(nothing, nothing, nothing, nothing, Decimal("0.0045")), (None,) * 5]
    store.close()


def old_file(path: Path, costs: list[str | None]) -> None:
    """An event store as the version before the split left it."""
    first = migrations("duckdb")[0]
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE schema_migrations (version INTEGER NOT NULL, name VARCHAR NOT NULL,"
            " checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
        )
        for statement in first.statements:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_migrations VALUES (?, ?, ?, now()::TIMESTAMP)",
            [first.version, first.name, first.checksum],
        )
        connection.executemany(
            "INSERT INTO events BY NAME SELECT uuidv7() AS event_id, uuidv7() AS call_id, 1 AS attempt,"
            " true AS final, 'sdk' AS door, 'w' AS workspace_id, 'p' AS project_id,"
            " TIMESTAMP '2026-03-10 12:00:00' AS ts, ts AS received_at, 'openai' AS provider,"
            " 'chat' AS operation, false AS streaming, 'success' AS status,"
            " CAST(? AS DECIMAL(18, 12)) AS cost, 'computed' AS cost_status, 'v' AS price_version,"
            " 1 AS body_hash",
            [[cost] for cost in costs],
        )


def test_events_of_an_older_file_are_wholly_other_and_were_never_priced_again(
    tmp_path: Path,
) -> None:
    old_file(tmp_path / "events.duckdb", ["0.25", "0", None])
    store = DuckDBEventStore(tmp_path / "events.duckdb")
    found = store.query(
        f"SELECT cost, {', '.join(PARTS)}, revision FROM events ORDER BY cost NULLS LAST"
    ).rows
    nothing = Decimal(0)
    assert found == [
        (nothing,) * 6 + (0,),
        (Decimal("0.25"), nothing, nothing, nothing, nothing, Decimal("0.25"), 0),
        (None,) * 6 + (0,),
    ]
    columns = store.query("SELECT column_name FROM (DESCRIBE events)").rows
    assert [name for (name,) in columns] == list(NAMES)
    assert len(store.append([priced(1)]).accepted) == 1
    store.close()


_DIES = """
import os, sys
from quotah_server.store.events.duckdb import DuckDBEventStore
store = DuckDBEventStore(sys.argv[1])
os._exit(9)
"""


def test_a_file_that_was_brought_up_to_date_right_before_a_kill_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    old_file(path, ["0.25", None])
    ended = subprocess.run([sys.executable, "-c", _DIES, str(path)], check=False)
    assert ended.returncode == 9
    assert path.with_name("events.duckdb.wal").stat().st_size > 0
    store = DuckDBEventStore(path)
    assert store.query(f"SELECT {_SUMS} FROM events").rows[0][5] == Decimal("0.25")
    store.close()
