"""Fixtures of all server tests: control databases on the engines that are supported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from plane import Plane
from postgres import empty_postgres_url, postgres_server, postgres_url
from sqlalchemy.engine import URL

from quotah_server.store.control import migrate
from quotah_server.store.control.session import Database, control_url

__all__ = ["empty_postgres_url", "postgres_server", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_control_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """A control database without tables."""
    if request.param == "sqlite":
        return control_url(None, tmp_path / "control.sqlite")
    return request.getfixturevalue("empty_postgres_url")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated control database."""
    if request.param == "sqlite":
        url = control_url(None, tmp_path / "control.sqlite")
        migrate.upgrade(url)
    else:
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
async def plane(database: Database) -> AsyncIterator[Plane]:
    """The control plane over that database."""
    plane = Plane(database)
    yield plane
    await plane.close()


@pytest.fixture
async def sqlite_plane(tmp_path: Path) -> AsyncIterator[Plane]:
    """The control plane over SQLite, for what has nothing to do with the engine."""
    url = control_url(None, tmp_path / "control.sqlite")
    migrate.upgrade(url)
    plane = Plane(Database(url))
    yield plane
    await plane.close()
