"""Transactions end where they should, and the databases hold the rules that the code relies on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from quotah_server.domain.errors import StartupError
from quotah_server.domain.ids import new_id
from quotah_server.features.audit import service as audit
from quotah_server.http.deps import SYSTEM
from quotah_server.store.control.models import AuditRow, InstanceRow, ProjectRow, SetupTokenRow
from quotah_server.store.control.session import Database, announce, control_url


def token(at: datetime, token_hash: str = "h") -> SetupTokenRow:
    return SetupTokenRow(
        id=new_id(), token_hash=token_hash, created_at=at, expires_at=at, used_at=None
    )


async def count(database: Database, table: type) -> int:
    async with database.transaction() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_transaction_that_raises_leaves_no_trace_and_tells_nobody(
    database: Database,
) -> None:
    told: list[str] = []
    database.subscribe("news", lambda: told.append("news"))

    async def broken() -> None:
        async with database.transaction() as session:
            session.add(token(datetime.now(UTC)))
            await session.flush()
            announce(session, "news")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    assert await count(database, SetupTokenRow) == 0
    assert told == []


async def test_subscribers_hear_of_a_change_when_it_is_committed(database: Database) -> None:
    told: list[str] = []
    database.subscribe("news", lambda: told.append("news"))
    async with database.transaction() as session:
        session.add(token(datetime.now(UTC)))
        announce(session, "news")
        assert told == []
    assert told == ["news"]


async def test_an_instant_comes_back_aware_and_equal_whatever_its_zone(database: Database) -> None:
    at = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=ZoneInfo("Asia/Kathmandu"))
    async with database.transaction() as session:
        session.add(token(at))
    async with database.transaction() as session:
        found = (await session.scalars(select(SetupTokenRow))).one()
    assert found.created_at == at
    assert found.created_at.utcoffset() == UTC.utcoffset(None)


async def test_a_naive_time_is_refused(database: Database) -> None:
    async def store() -> None:
        async with database.transaction() as session:
            session.add(token(datetime(2026, 1, 1)))  # noqa: DTZ001 -- the subject of the test

    with pytest.raises(StatementError, match="naive"):
        await store()


async def test_a_row_of_a_workspace_that_does_not_exist_is_refused(database: Database) -> None:
    async def store() -> None:
        async with database.transaction() as session:
            session.add(
                ProjectRow(
                    id=new_id(), workspace_id=new_id(), name="x", created_at=datetime.now(UTC)
                )
            )

    with pytest.raises(IntegrityError):
        await store()


async def test_there_can_be_no_second_instance_row(database: Database) -> None:
    async def store() -> None:
        async with database.transaction() as session:
            session.add(InstanceRow(id=2, created_at=datetime.now(UTC), snapshot_version=1))

    with pytest.raises(IntegrityError):
        await store()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"]
)
async def test_the_audit_log_only_grows(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        audit.record(session, SYSTEM, "test.done", ("test", None))

    async def tamper() -> None:
        async with database.transaction() as session:
            await session.execute(text(statement))

    with pytest.raises(DBAPIError, match="append-only"):
        await tamper()
    assert await count(database, AuditRow) == 1


async def test_errors_of_the_database_do_not_quote_values(database: Database) -> None:
    async def store_twice() -> None:
        async with database.transaction() as session:
            at = datetime.now(UTC)
            session.add_all((token(at, "canary-5f1c"), token(at, "canary-5f1c")))

    with pytest.raises(IntegrityError) as caught:
        await store_twice()
    assert "canary-5f1c" not in str(caught.value).split("DETAIL")[0]


async def test_concurrent_changes_of_one_row_are_all_counted(database: Database) -> None:
    async def grow() -> None:
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE instance SET snapshot_version = snapshot_version + 1")
            )

    await asyncio.gather(*(grow() for _ in range(20)))
    async with database.transaction() as session:
        version = (await session.execute(text("SELECT snapshot_version FROM instance"))).scalar()
    assert version == 21


async def test_sqlite_runs_with_a_rollback_journal_synced_and_with_foreign_keys(
    tmp_path: Path,
) -> None:
    database = Database(control_url(None, tmp_path / "control.sqlite"))
    async with database.transaction() as session:
        found = [
            (await session.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await database.close()
    assert found == ["delete", 3, 1]


@pytest.mark.parametrize(
    ("text_url", "driver"),
    [
        ("postgresql://u:p@h/db", "postgresql+psycopg"),
        ("postgres://u:p@h/db", "postgresql+psycopg"),
        ("postgresql+asyncpg://u:p@h/db", "postgresql+psycopg"),
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite"),
    ],
)
def test_a_database_url_is_reached_by_our_own_drivers(text_url: str, driver: str) -> None:
    assert control_url(text_url, Path("unused")).drivername == driver


@pytest.mark.parametrize("bad", ["mysql://h/db", "no url", ""])
def test_another_database_is_refused_without_quoting_its_url(bad: str) -> None:
    with pytest.raises(StartupError, match="QUOTAH_DATABASE_URL"):
        control_url(bad, Path("unused"))
