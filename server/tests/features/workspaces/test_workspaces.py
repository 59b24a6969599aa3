"""Workspaces are made, renamed and removed, and nothing else about them can be set from outside."""

from __future__ import annotations

from typing import Any

import pytest
from plane import Browser, Plane
from sqlalchemy import func, select

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import parse_id
from quotah_server.domain.scope import Scope
from quotah_server.features.workspaces import service
from quotah_server.http.deps import SYSTEM
from quotah_server.store.control.models import ApiKeyRow, AuditRow, ProviderCredentialRow


async def audited(plane: Plane, action: str) -> list[AuditRow]:
    async with plane.database.transaction() as session:
        query = select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.id)
        return list(await session.scalars(query))


async def test_a_workspace_is_made_with_a_project_and_owned_by_its_maker(plane: Plane) -> None:
    browser = await plane.owner()
    response = await browser.call(
        "POST", "/workspaces", {"name": " Second ", "timezone": "Asia/Tokyo"}
    )
    made = response.json()
    assert response.status_code == 201
    assert (made["name"], made["role"], made["timezone"]) == ("Second", "owner", "Asia/Tokyo")
    listed = (await browser.call("GET", "/workspaces")).json()["items"]
    assert [found["name"] for found in listed] == ["Acme", "Second"]


async def test_a_change_is_kept_and_audited_with_before_and_after(plane: Plane) -> None:
    browser = await plane.owner()
    path = f"/workspaces/{browser.workspace_id}"
    response = await browser.call("PATCH", path, {"timezone": "America/Sao_Paulo"})
    assert response.json()["timezone"] == "America/Sao_Paulo"
    assert response.json()["name"] == "Acme"
    (row,) = await audited(plane, "workspace.changed")
    assert (row.before, row.after) == ({"timezone": "UTC"}, {"timezone": "America/Sao_Paulo"})
    assert (row.actor_kind, row.ip) == ("member", "127.0.0.1")
    assert row.actor_id == parse_id(browser.me["member"]["id"])
    assert row.request_id


async def test_a_change_to_what_is_there_already_is_none(plane: Plane) -> None:
    browser = await plane.owner()
    path = f"/workspaces/{browser.workspace_id}"
    assert (await browser.call("PATCH", path, {"name": "Acme"})).status_code == 200
    assert await audited(plane, "workspace.changed") == []


@pytest.mark.parametrize(
    "field",
    ["id", "role", "is_sample", "created_at", "onboarding_skipped_at", "first_call_at", "x"],
)
async def test_no_other_field_can_be_set(sqlite_plane: Plane, field: str) -> None:
    browser = await sqlite_plane.owner()
    before = (await browser.call("GET", "/workspaces")).json()
    for method, path in (("POST", "/workspaces"), ("PATCH", f"/workspaces/{browser.workspace_id}")):
        response = await browser.call(method, path, {"name": "N", field: "owner"})
        assert response.status_code == 422
    assert (await browser.call("GET", "/workspaces")).json() == before


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "\ud800"}, {"timezone": "x"}, {"name": 5}])
async def test_a_bad_value_is_refused(sqlite_plane: Plane, body: Any) -> None:
    browser = await sqlite_plane.owner()
    response = await browser.call("PATCH", f"/workspaces/{browser.workspace_id}", body)
    assert response.status_code == 422


async def test_the_header_chooses_among_several_workspaces(plane: Plane) -> None:
    browser = await plane.owner()
    second = (await browser.call("POST", "/workspaces", {"name": "Second"})).json()
    await browser.call("POST", "/keys", {"name": "in second", "kind": "gateway"},
                       {"x-quotah-workspace": second["id"]})  # fmt: skip
    assert (await browser.call("GET", "/keys")).json()["items"] == []
    answer = await browser.call("GET", "/keys", headers={"x-quotah-workspace": second["id"]})
    assert [key["name"] for key in answer.json()["items"]] == ["in second"]


async def test_removing_a_workspace_takes_its_keys_and_leaves_its_history(plane: Plane) -> None:
    browser = await plane.owner()
    scope = Scope(parse_id(browser.workspace_id))
    await plane.key(browser, "gateway")
    await browser.call("POST", "/providers/mock")
    async with plane.database.transaction() as session:
        await service.remove(session, SYSTEM, scope)
    async with plane.database.transaction() as session:
        for table in (ApiKeyRow, ProviderCredentialRow):
            assert (
                await session.execute(select(func.count()).select_from(table))
            ).scalar_one() == 0
    (row,) = await audited(plane, "workspace.removed")
    assert row.before["name"] == "Acme"
    assert await audited(plane, "key.created")
    assert (await browser.call("GET", "/keys")).status_code == 404
    with pytest.raises(NotFoundError):
        async with plane.database.transaction() as session:
            await service.remove(session, SYSTEM, scope)


async def test_samples_come_after_real_workspaces_and_are_told_apart(plane: Plane) -> None:
    browser: Browser = await plane.owner()
    member_id = parse_id(browser.me["member"]["id"])
    async with plane.database.transaction() as session:
        await service.create(session, SYSTEM, owner_id=member_id, name="Sample", is_sample=True)
        await service.create(session, SYSTEM, owner_id=member_id, name="Later")
    me = (await browser.call("GET", "/me")).json()
    shown = [(found["name"], found["is_sample"]) for found in me["workspaces"]]
    assert shown == [("Acme", False), ("Later", False), ("Sample", True)]
