"""Calls that were stored tell which keys are used, and that onboarding is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from plane import Browser, Plane

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.ids import new_id, parse_id
from quotah_server.features.sightings.service import Sightings
from quotah_server.store.control.session import Database

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def call(browser: Browser, key_id: str | None = None, **more: Any) -> Call:
    fields: dict[str, Any] = {
        "event_id": new_id(),
        "call_id": new_id(),
        "door": "gateway",
        "provider": "openai",
        "operation": "chat",
        "status": "success",
        "http_status": 200,
        "started_at": AT,
        "ended_at": AT + timedelta(seconds=1),
        "attribution": Attribution(workspace_id=parse_id(browser.workspace_id), key_id=key_id),
    }
    return Call(**{**fields, **more})


async def steps(browser: Browser) -> dict[str, bool]:
    return (await browser.call("GET", "/onboarding")).json()


async def test_the_first_call_completes_onboarding(plane: Plane) -> None:
    browser = await plane.owner()
    sightings = Sightings(plane.database)
    assert await steps(browser) == {
        "done": False,
        "steps": {"provider": False, "gateway_key": False, "first_call": False},
        "skipped": False,
    }
    await browser.call("POST", "/providers/mock")
    await plane.key(browser, "gateway")
    sightings.saw([call(browser)])
    await sightings.flush()
    assert await steps(browser) == {
        "done": True,
        "steps": {"provider": True, "gateway_key": True, "first_call": True},
        "skipped": False,
    }


@pytest.mark.parametrize("door", ["seed", "import"])
async def test_history_that_was_made_or_imported_is_no_first_call(plane: Plane, door: str) -> None:
    browser = await plane.owner()
    sightings = Sightings(plane.database)
    sightings.saw([call(browser, door=door)])
    await sightings.flush()
    assert (await steps(browser))["steps"]["first_call"] is False


async def test_onboarding_can_be_skipped_and_a_revoked_key_undoes_its_step(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    assert (await browser.call("PATCH", "/onboarding", {"skipped": True})).json()["skipped"] is True
    assert (await steps(browser))["steps"]["gateway_key"] is True
    await browser.call("DELETE", f"/keys/{made['id']}")
    assert (await steps(browser))["steps"]["gateway_key"] is False
    assert (await browser.call("PATCH", "/onboarding", {"skipped": False})).status_code == 422


async def test_a_keys_last_use_moves_forward_only(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    key_id = parse_id(made["id"])
    sightings = Sightings(plane.database)
    for minutes in (5, 1, 3):
        sightings.saw([call(browser, key_id, ended_at=AT + timedelta(minutes=minutes))])
        await sightings.flush()
    (item,) = (await browser.call("GET", "/keys")).json()["items"]
    assert item["last_used_at"] == "2026-11-20T12:05:00Z"


async def test_a_key_of_another_workspace_is_not_touched(plane: Plane) -> None:
    browser, stranger = await plane.owner(), await plane.stranger()
    made = await plane.key(browser, "gateway")
    sightings = Sightings(plane.database)
    sightings.saw([call(stranger, parse_id(made["id"]))])
    await sightings.flush()
    (item,) = (await browser.call("GET", "/keys")).json()["items"]
    assert item["last_used_at"] is None


async def test_a_failing_database_costs_marks_and_not_the_caller(
    sqlite_plane: Plane,
) -> None:
    browser = await sqlite_plane.owner()
    missing = sqlite_plane.database.url.set(database="/nonexistent/control.sqlite")
    broken = Database(missing)
    sightings = Sightings(broken)
    sightings.saw([call(browser)])
    await sightings.flush()
    await broken.close()
    assert (await steps(browser))["steps"]["first_call"] is False
