"""A file of the version before keys, routes and cache stood beside events: read on, nothing lost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
from store_events.build import event_id, priced

from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.schema.migrate import migrations

ADDED = ("credential_id", "route_id", "from_cache", "saved")


def older_file(path: Path) -> None:
    """A file with the first two schemas and one event."""
    connection = duckdb.connect(str(path))
    connection.execute(
        "CREATE TABLE schema_migrations (version INTEGER NOT NULL, name VARCHAR NOT NULL,"
        " checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    for migration in migrations("duckdb")[:2]:
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema_migrations VALUES (?, ?, ?, now())",
            [migration.version, migration.name, migration.checksum],
        )
    connection.execute(
        "INSERT INTO events BY NAME SELECT CAST(? AS UUID) AS event_id, CAST(? AS UUID) AS call_id,"
        " 1 AS attempt, true AS final, 'gateway' AS door, 'w' AS workspace_id, 'p' AS project_id,"
        " now() AS ts, now() AS received_at, 'openai' AS provider, 'chat' AS operation,"
        " false AS streaming, 'success' AS status, 0.25 AS cost, 'computed' AS cost_status,"
        " 'v1' AS price_version, 7 AS body_hash, 0 AS revision",
        [event_id(1), event_id(1)],
    )
    connection.close()


def test_an_older_file_is_brought_to_the_present_schema(tmp_path: Path) -> None:
    older_file(tmp_path / "e.db")
    store = DuckDBEventStore(tmp_path / "e.db")
    told = store.query(f"SELECT cost, {', '.join(ADDED)} FROM events").rows
    assert told == [(Decimal("0.25"), None, None, False, None)]
    fresh = priced(
        2,
        credential_id="c",
        route_id="r",
        from_cache=True,
        cost_usd=Decimal(0),
        saved_usd=Decimal(2),
    )
    assert store.append([fresh]).accepted == (event_id(2),)
    store.close()
    again = DuckDBEventStore(tmp_path / "e.db")
    told = again.query(f"SELECT cost, {', '.join(ADDED)} FROM events ORDER BY event_id").rows
    again.close()
    assert told == [
        (Decimal("0.25"), None, None, False, None), (Decimal(0), "c", "r", True, Decimal(2)),
    ]  # fmt: skip


def test_the_older_file_lacked_what_is_added(tmp_path: Path) -> None:
    older_file(tmp_path / "e.db")
    connection = duckdb.connect(str(tmp_path / "e.db"))
    names = {row[0] for row in connection.execute("DESCRIBE events").fetchall()}
    connection.close()
    assert names.isdisjoint(ADDED)
