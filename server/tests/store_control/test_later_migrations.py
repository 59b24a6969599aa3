"""What stood in the database before a migration stands there after it, in the new shape."""

from __future__ import annotations

import json

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from quotah_server.store.control import migrate

AT = "2026-11-20 12:00:00"


def run(url: URL, *statements: str) -> list[tuple[object, ...]]:
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url.set(drivername="sqlite") if is_sqlite else url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def before_mounts(url: URL) -> None:
    """A database of the version before mounts, with a workspace, a provider key and a key of ours."""
    migrate.upgrade(url, "0003")
    run(
        url,
        f"INSERT INTO workspaces (id, name, timezone, is_sample, created_at) "
        f"VALUES ('w', 'Acme', 'UTC', {_bool(url, False)}, '{AT}')",
        f"INSERT INTO projects (id, workspace_id, name, created_at) VALUES ('p', 'w', 'P', '{AT}')",
        "INSERT INTO provider_credentials (id, workspace_id, provider, name, base_url, secret, hint, "
        "fingerprint, status, is_mock, allow_private, created_at, last_error) VALUES "
        "('c', 'w', 'anthropic', 'Main', 'https://api.anthropic.com', 'sealed', '4242', 'f', "
        f"'invalid', {_bool(url, False)}, {_bool(url, True)}, '{AT}', 'refused')",
        "INSERT INTO api_keys (id, workspace_id, project_id, name, kind, hash, prefix, hint, created_at) "
        f"VALUES ('k', 'w', 'p', 'app', 'gateway', 'h', 'qk_gw_', 'abcd', '{AT}')",
    )


def _bool(url: URL, value: bool) -> str:
    return str(int(value)) if url.get_backend_name() == "sqlite" else str(value)


def test_a_provider_key_of_before_is_mounted_by_its_providers_name(empty_control_url: URL) -> None:
    before_mounts(empty_control_url)
    migrate.upgrade(empty_control_url)
    (row,) = run(
        empty_control_url,
        "SELECT id, provider, mount, name, base_url, secret, status, last_error, weight, settings, "
        "last_error_at FROM provider_credentials WHERE enabled AND allow_private AND NOT is_mock",
    )
    assert row[:9] == (
        "c", "anthropic", "anthropic", "Main", "https://api.anthropic.com", "sealed", "invalid",
        "refused", 1,
    )  # fmt: skip
    assert (json.loads(row[9]) if isinstance(row[9], str) else row[9], row[10]) == ({}, None)


def test_a_key_of_before_may_what_it_might(empty_control_url: URL) -> None:
    before_mounts(empty_control_url)
    migrate.upgrade(empty_control_url)
    ((settings,),) = run(empty_control_url, "SELECT settings FROM api_keys")
    assert (json.loads(settings) if isinstance(settings, str) else settings) == {}


def test_back_and_forth_keeps_provider_keys(empty_control_url: URL) -> None:
    before_mounts(empty_control_url)
    migrate.upgrade(empty_control_url)
    run(empty_control_url, "UPDATE provider_credentials SET status = 'failing', mount = 'acme'")
    migrate.downgrade(empty_control_url, "0003")
    assert run(empty_control_url, "SELECT id, status, secret FROM provider_credentials") == [
        ("c", "never_used", "sealed")
    ]
    migrate.upgrade(empty_control_url)
    assert run(empty_control_url, "SELECT id, mount FROM provider_credentials") == [
        ("c", "anthropic")
    ]


def test_no_copy_of_the_keys_is_left_behind(empty_control_url: URL) -> None:
    before_mounts(empty_control_url)
    migrate.upgrade(empty_control_url)
    table = "sqlite_master" if empty_control_url.get_backend_name() == "sqlite" else "pg_tables"
    column = "name" if table == "sqlite_master" else "tablename"
    found = run(empty_control_url, f"SELECT {column} FROM {table} WHERE {column} LIKE 'kept%'")
    assert found == []
