"""Keys are shown once, stored hashed, bounded by their maker's rights, and worthless when revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from plane import Browser, Plane, bearer
from sqlalchemy import select

from quotah_server.domain.ids import new_id, parse_id
from quotah_server.domain.secrets import hash_key, key_kind
from quotah_server.features.auth.service import ControlAuthenticator
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import ApiKeyRow


async def rows(plane: Plane) -> list[ApiKeyRow]:
    async with plane.database.transaction() as session:
        return list(await session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id)))


@pytest.mark.parametrize("kind", ["gateway", "ingest", "admin"])
async def test_a_key_is_shown_once_and_stored_by_its_hash(plane: Plane, kind: str) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, kind)
    assert key_kind(made["key"]) == kind
    assert made["key"].startswith(made["prefix"])
    assert made["key"].endswith(made["hint"])
    (row,) = await rows(plane)
    assert row.hash == hash_key(made["key"])
    assert made["key"] not in {str(value) for value in vars(row).values()}
    listed = await browser.call("GET", "/keys")
    assert made["key"] not in listed.text
    assert listed.json()["items"] == [{name: made[name] for name in made if name != "key"}]


async def test_a_gateway_key_belongs_to_the_first_project_and_an_admin_key_to_all(
    plane: Plane,
) -> None:
    browser = await plane.owner()
    project = browser.me["workspaces"][0]["projects"][0]["id"]
    assert (await plane.key(browser, "gateway"))["project_id"] == project
    assert (await plane.key(browser, "ingest"))["project_id"] == project
    assert (await plane.key(browser, "admin"))["project_id"] is None
    assert (await plane.key(browser, "admin", project_id=project))["project_id"] == project


async def test_a_project_of_another_tenant_cannot_be_named(plane: Plane) -> None:
    browser = await plane.owner()
    foreign = (await plane.stranger()).me["workspaces"][0]["projects"][0]["id"]
    body = {"name": "k", "kind": "gateway", "project_id": foreign}
    response = await browser.call("POST", "/keys", body)
    assert (response.status_code, response.json()["field"]) == (404, "project_id")
    assert await rows(plane) == []


async def test_a_member_may_mint_and_revoke_own_keys_and_no_admin_keys(plane: Plane) -> None:
    owner = await plane.owner()
    member = await plane.member("m@example.com", {owner.workspace_id: "member"})
    own, others = await plane.key(member, "gateway"), await plane.key(owner, "gateway")
    refused = await member.call("POST", "/keys", {"name": "k", "kind": "admin"})
    assert refused.status_code == 403
    assert (await member.call("DELETE", f"/keys/{others['id']}")).status_code == 403
    assert (await member.call("DELETE", f"/keys/{own['id']}")).status_code == 204


async def test_a_key_minted_by_a_key_answers_to_the_same_member(plane: Plane) -> None:
    owner = await plane.owner()
    admin = await plane.key(owner, "admin")
    response = await plane.client().post(
        "/api/v1/keys", json={"name": "k", "kind": "gateway"}, headers=bearer(admin["key"])
    )
    assert response.status_code == 201
    makers = {row.created_by for row in await rows(plane)}
    assert makers == {parse_id(owner.me["member"]["id"])}


async def test_a_key_of_one_project_makes_no_key_that_reaches_further(plane: Plane) -> None:
    owner = await plane.owner()
    mine = owner.me["workspaces"][0]["projects"][0]["id"]
    bound = bearer((await plane.key(owner, "admin", project_id=mine))["key"])
    whole = bearer((await plane.key(owner, "admin"))["key"])

    async def mint(headers: dict[str, str], kind: str, project: str | None = None) -> Any:
        body = {"name": kind, "kind": kind, "project_id": project}
        return await Browser(plane.client()).call("POST", "/keys", body, headers)

    for kind in ("admin", "ingest", "gateway"):
        for project in (None, mine):
            made = await mint(bound, kind, project)
            assert made.status_code == 201, made.text
            assert made.json()["project_id"] == mine
    assert (await mint(bound, "admin", f"prj_{new_id()}")).status_code == 403
    assert (await mint(whole, "admin")).json()["project_id"] is None


async def test_a_revoked_key_is_refused_at_once_and_stays_listed(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "admin")
    client = plane.client()
    assert (await client.get("/api/v1/keys", headers=bearer(made["key"]))).status_code == 200
    for _ in range(2):
        assert (await browser.call("DELETE", f"/keys/{made['id']}")).status_code == 204
    assert (await client.get("/api/v1/keys", headers=bearer(made["key"]))).status_code == 401
    (item,) = (await browser.call("GET", "/keys")).json()["items"]
    assert item["revoked_at"] is not None


async def test_a_key_expires_by_itself(plane: Plane) -> None:
    browser = await plane.owner()
    soon = utc_now() + timedelta(hours=1)
    made = await plane.key(browser, "ingest", expires_at=soon.isoformat())
    for at, alive in ((soon - timedelta(seconds=1), True), (soon, False)):
        authenticator = ControlAuthenticator(plane.database, lambda at=at: at)
        assert (await authenticator.key(made["key"]) is not None) is alive


async def test_the_use_of_a_key_is_noted_once_a_minute(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "ingest")
    began = utc_now()
    seen = []
    for seconds in (0, 30, 59, 61):
        at = began + timedelta(seconds=seconds)
        await ControlAuthenticator(plane.database, lambda at=at: at).key(made["key"])
        seen.append((await rows(plane))[0].last_used_at)
    assert seen[0] == seen[1] == seen[2] == began
    assert seen[3] == began + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "gateway"}, "name"),
        ({"name": "k"}, "kind"),
        ({"name": "k", "kind": "root"}, "kind"),
        ({"name": "k", "kind": "gateway", "project_id": "nonsense"}, "project_id"),
        ({"name": "k", "kind": "gateway", "project_id": "ws_" + "0" * 32}, "project_id"),
        ({"name": "k", "kind": "gateway", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "k", "kind": "gateway", "expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        (
            {"name": "k", "kind": "gateway", "expires_at": "9999-12-31T23:59:59-12:00"},
            "expires_at",
        ),
        ({"name": "k", "kind": "gateway", "hash": "00"}, "?"),
        ({"name": "k", "kind": "gateway", "created_by": "x"}, "?"),
        ({"name": "k", "kind": "gateway", "workspace_id": "x"}, "?"),
    ],
)
async def test_a_bad_value_is_named(sqlite_plane: Plane, body: Any, field: str) -> None:
    browser = await sqlite_plane.owner()
    response = await browser.call("POST", "/keys", body)
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert await rows(sqlite_plane) == []


async def test_pages_hold_every_key_once_newest_first(plane: Plane) -> None:
    browser = await plane.owner()
    made = [(await plane.key(browser, "gateway"))["id"] for _ in range(7)]
    found: list[str] = []
    cursor = ""
    for _ in range(4):
        page = (await browser.call("GET", f"/keys?limit=2{cursor}")).json()
        found += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert found == made[::-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=!!", "cursor=WyJhIiwiYiJd"]
)
async def test_a_bad_page_is_named(sqlite_plane: Plane, query: str) -> None:
    browser = await sqlite_plane.owner()
    response = await browser.call("GET", f"/keys?{query}")
    assert (response.status_code, response.json()["field"]) == (422, query.partition("=")[0])
