"""The ClickHouse schema, run by ClickHouse's engine, stands beside DuckDB's column by column."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chdb import session as chdb

from quotah_server.store.events.memory import MemoryEventStore
from quotah_server.store.events.rows import NAMES
from quotah_server.store.events.schema.migrate import migrations

OURS_ONLY = {"schema_migrations"}
VERSION = "version"
"""ClickHouse keeps the highest version of a row; DuckDB has one row to begin with."""


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[chdb.Session]:
    opened = chdb.Session()
    opened.query("CREATE DATABASE quotah")
    opened.query("USE quotah")
    for migration in migrations("clickhouse"):
        for statement in migration.statements:
            opened.query(statement)
    yield opened
    opened.close()


def columns(clickhouse: chdb.Session) -> dict[str, list[str]]:
    text = str(
        clickhouse.query(
            "SELECT table, name FROM system.columns WHERE database = 'quotah'"
            " ORDER BY table, position",
            "TSV",
        )
    )
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        table, name = line.split("\t")
        found.setdefault(table, []).append(name)
    return found


def test_both_engines_have_the_same_tables_and_columns(clickhouse: chdb.Session) -> None:
    store = MemoryEventStore()
    rows = store.query(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main'"
        " AND NOT internal ORDER BY table_name, column_index"
    ).rows
    store.close()
    duck: dict[str, list[str]] = {}
    for table, name in rows:
        duck.setdefault(table, []).append(name)
    click = columns(clickhouse)
    assert set(duck) - OURS_ONLY == set(click)
    for table, names in click.items():
        assert [name for name in names if name != VERSION] == duck[table], table
    assert duck["events"] == list(NAMES)


def test_the_same_migrations_exist_for_both_engines() -> None:
    assert [m.name for m in migrations("duckdb")] == [m.name for m in migrations("clickhouse")]


def test_the_highest_version_of_an_event_is_the_one_that_is_read(
    clickhouse: chdb.Session,
) -> None:
    for version, cost in ((1, "0.5"), (2, "0.25")):
        clickhouse.query(
            "INSERT INTO events (event_id, call_id, attempt, final, door, workspace_id, project_id,"
            " ts, received_at, provider, operation, streaming, status, cost, cost_status,"
            " price_version, body_hash, version) VALUES"
            " ('019cd79e-4600-7000-8000-000000000001', '019cd79e-4600-7000-8000-000000000001', 1,"
            " true, 'sdk', 'w', 'p', '2026-03-10 12:00:00', '2026-03-10 12:00:00', 'openai',"
            f" 'chat', false, 'success', {cost}, 'computed', 'v', 1, {version})"
        )
    found = str(clickhouse.query("SELECT count(), sum(cost) FROM events FINAL", "TSV")).strip()
    assert found == "1\t0.25"


def test_events_of_an_older_schema_are_wholly_other() -> None:
    first, *later = migrations("clickhouse")
    opened = chdb.Session()
    try:
        opened.query("CREATE DATABASE older")
        opened.query("USE older")
        for statement in first.statements:
            opened.query(statement)
        for number, cost in enumerate(("0.25", "NULL")):
            opened.query(
                "INSERT INTO events (event_id, call_id, attempt, final, door, workspace_id, project_id,"
                " ts, received_at, provider, operation, streaming, status, cost, cost_status,"
                f" price_version, body_hash, version) VALUES (generateUUIDv7(), generateUUIDv7(), {number},"
                " true, 'sdk', 'w', 'p', '2026-03-10 12:00:00', '2026-03-10 12:00:00', 'openai', 'chat',"
                f" false, 'success', {cost}, 'computed', 'v', 1, 1)"
            )
        for migration in later:
            for statement in migration.statements:
                opened.query(statement)
        found = opened.query(
            "SELECT cost, cost_input, cost_cache_read, cost_cache_write, cost_output, cost_other, revision,"
            " from_cache, saved, credential_id, route_id FROM events FINAL ORDER BY attempt",
            "TSV",
        )
    finally:
        opened.close()
    nothing = "\\N"
    assert [line.split("\t") for line in str(found).splitlines()] == [
        ["0.25", "0", "0", "0", "0", "0.25", "0", "false", nothing, nothing, nothing],
        [*[nothing] * 6, "0", "false", nothing, nothing, nothing],
    ]
