"""While the disk of the control database is full, everything can be read and the reason is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from plane import Browser, Plane, bearer
from sqlalchemy import text, update

from quotah_server.kit.clock import utc_now
from quotah_server.store.control import migrate
from quotah_server.store.control.models import SessionRow
from quotah_server.store.control.session import Database, control_url


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    """On SQLite, one connection of which a setting holds for all that follows."""
    url = control_url(None, tmp_path / "control.db")
    migrate.upgrade(url)
    plane = Plane(Database(url))
    yield plane
    await plane.close()


async def set_to(plane: Plane, pragma: str) -> None:
    async with plane.database.engine.connect() as connection:
        await connection.execute(text(f"PRAGMA {pragma}"))


async def keys_until_refused(browser: Browser) -> tuple[int, dict[str, object]]:
    for number in range(500):
        answer = await browser.call("POST", "/keys", {"name": f"key {number}", "kind": "gateway"})
        if answer.status_code != 201:
            return answer.status_code, answer.json()
    raise AssertionError("the database grows although it may not")


async def test_who_is_signed_in_reads_on_where_that_cannot_be_noted(plane: Plane) -> None:
    browser = await plane.owner()
    key = (await plane.key(browser, "admin"))["key"]
    long_ago = utc_now() - timedelta(hours=1)
    async with plane.database.transaction() as db:
        await db.execute(update(SessionRow).values(last_seen_at=long_ago))
        for table in ("api_keys", "sessions"):
            trigger = f"CREATE TRIGGER full_{table} BEFORE UPDATE ON {table}"
            await db.execute(text(f"{trigger} BEGIN SELECT RAISE(ABORT, 'full'); END"))
    by_key = await plane.client().get("/api/v1/keys", headers=bearer(key))
    by_session = await browser.call("GET", "/keys")
    assert (by_key.status_code, by_session.status_code) == (200, 200), by_key.text
    refused = await browser.call("PATCH", f"/keys/{by_key.json()['items'][0]['id']}", {"name": "x"})
    assert refused.status_code >= 500, "the table does take no change"


async def test_a_full_disk_is_named_as_what_it_is(plane: Plane) -> None:
    browser = await plane.owner()
    await set_to(plane, "max_page_count = 1")
    status, problem = await keys_until_refused(browser)
    assert (status, problem["code"]) == (503, "unavailable")
    assert "disk is full" in str(problem["detail"])
    await set_to(plane, "max_page_count = 1000000")
    assert (await plane.key(browser, "gateway"))["key"]
