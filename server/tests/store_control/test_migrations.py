"""The schema is what the migrations make of it, on both engines, and no half of it survives a failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL

from quotah_server.domain.errors import StartupError
from quotah_server.store.control import migrate
from quotah_server.store.control.models import Base


def sync(url: URL) -> URL:
    return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url


def tables(url: URL) -> set[str]:
    engine = create_engine(sync(url))
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def run(url: URL, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(sync(url))
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def differences(url: URL) -> list[object]:
    engine = create_engine(sync(url))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return compare_metadata(context, Base.metadata)
    finally:
        engine.dispose()


def test_migrations_and_models_describe_the_same_schema(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    assert differences(empty_control_url) == []


def test_a_column_that_no_migration_made_is_noticed(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    run(empty_control_url, "ALTER TABLE members ADD COLUMN surprise INTEGER")
    assert differences(empty_control_url)


def test_every_table_has_the_named_constraints_of_its_model(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    engine = create_engine(sync(empty_control_url))
    found: dict[str, set[str | None]] = {}
    for name in Base.metadata.tables:
        looked = inspect(engine)
        found[name] = {check["name"] for check in looked.get_check_constraints(name)} | {
            key["name"] for key in looked.get_foreign_keys(name)
        }
    engine.dispose()
    for name, table in Base.metadata.tables.items():
        wanted = {
            str(constraint.name)
            for constraint in table.constraints
            if type(constraint).__name__ in ("CheckConstraint", "ForeignKeyConstraint")
        }
        assert found[name] == wanted


def test_downgrade_to_base_leaves_nothing_behind(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    migrate.downgrade(empty_control_url, "base")
    assert tables(empty_control_url) <= {"alembic_version"}
    migrate.upgrade(empty_control_url)
    assert differences(empty_control_url) == []


def test_a_second_upgrade_keeps_the_data(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    run(empty_control_url, "UPDATE instance SET snapshot_version = 41")
    migrate.upgrade(empty_control_url)
    assert run(empty_control_url, "SELECT snapshot_version FROM instance") == [(41,)]


def test_an_upgrade_that_breaks_halfway_leaves_the_database_as_it_was(
    empty_control_url: URL,
) -> None:
    def upgrade_and_break(config: object) -> None:
        command.upgrade(config, "head")  # pyright: ignore[reportArgumentType]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        migrate._run(empty_control_url, upgrade_and_break)
    assert tables(empty_control_url) == set()


def test_a_database_of_a_newer_version_is_refused_with_a_way_out(empty_control_url: URL) -> None:
    migrate.upgrade(empty_control_url)
    run(empty_control_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartupError, match="newer Quotah"):
        migrate.upgrade(empty_control_url)


def test_processes_that_start_together_migrate_once(empty_control_url: URL) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [empty_control_url] * 4))
    assert run(empty_control_url, "SELECT count(*) FROM instance") == [(1,)]


def test_there_is_one_line_of_migrations() -> None:
    assert migrate.head() == "0004"
