"""Every write leaves a row that says who did what, from where, and not a secret."""

from __future__ import annotations

import asyncio

from plane import PASSWORD, Browser, Plane, bearer
from sqlalchemy import select

from quotah_server.domain.ids import parse_id
from quotah_server.store.control.models import AuditRow


async def history(plane: Plane) -> list[AuditRow]:
    async with plane.database.transaction() as session:
        return list(await session.scalars(select(AuditRow).order_by(AuditRow.id)))


async def test_every_write_is_in_the_history_in_its_order(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    await browser.call("POST", "/providers/mock")
    credential = (await browser.call("GET", "/providers")).json()["items"][0]["id"]
    await browser.call("DELETE", f"/providers/{credential}")
    await browser.call("DELETE", f"/keys/{made['id']}")
    await browser.call("PATCH", f"/workspaces/{browser.workspace_id}", {"name": "Renamed"})
    await browser.call("POST", "/workspaces", {"name": "Second"})
    await browser.call("PATCH", "/onboarding", {"skipped": True})
    await browser.call("POST", "/auth/logout")
    await Browser(plane.client()).call(
        "POST", "/auth/login", {"email": "owner@example.com", "password": "wrong"}
    )
    assert [row.action for row in await history(plane)] == [
        "member.created",
        "workspace.created",
        "session.begun",
        "key.created",
        "provider.added",
        "provider.added",
        "provider.added",
        "provider.added",
        "provider.removed",
        "key.revoked",
        "workspace.changed",
        "workspace.created",
        "onboarding.skipped",
        "session.ended",
        "sign_in.failed",
    ]


async def test_reading_leaves_no_row(plane: Plane) -> None:
    browser = await plane.owner()
    before = len(await history(plane))
    for path in ("/me", "/keys", "/providers", "/workspaces", "/onboarding", "/instance"):
        assert (await browser.call("GET", path)).status_code == 200
    assert len(await history(plane)) == before


async def test_a_row_says_who_and_from_where(plane: Plane) -> None:
    browser = await plane.owner()
    admin = await plane.key(browser, "admin")
    headers = {**bearer(admin["key"]), "x-request-id": "trace-me"}
    client = plane.client(ip="198.51.100.7")
    await client.post("/api/v1/keys", json={"name": "k", "kind": "ingest"}, headers=headers)
    row = (await history(plane))[-1]
    assert (row.actor_kind, row.actor_id) == ("key", parse_id(admin["id"]))
    assert (row.ip, row.request_id) == ("198.51.100.7", "trace-me")
    assert row.workspace_id == parse_id(browser.workspace_id)
    assert row.after["name"] == "k"


async def test_a_write_that_fails_leaves_no_row(plane: Plane) -> None:
    browser = await plane.owner()
    before = len(await history(plane))
    body = {"name": "k", "kind": "gateway", "project_id": "prj_" + "0" * 32}
    assert (await browser.call("POST", "/keys", body)).status_code == 404
    assert len(await history(plane)) == before


async def test_the_history_holds_no_secret(plane: Plane) -> None:
    browser = await plane.owner()
    keys = await asyncio.gather(*(plane.key(browser, kind) for kind in ("gateway", "admin")))
    text = "".join(f"{row.before}{row.after}" for row in await history(plane))
    for secret in (
        PASSWORD,
        browser.csrf,
        browser.cookie.partition("=")[2],
        *(k["key"] for k in keys),
    ):
        assert secret not in text
    assert keys[0]["hint"] in text
