"""What a gateway key may do: kept, changed by admins, told to the gateway, in the history."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from plane import Browser, Plane
from sqlalchemy import select

from quotah_server.domain.ids import parse_id
from quotah_server.domain.secrets import hash_key
from quotah_server.domain.snapshot import GatewayKey, KeyDefaults
from quotah_server.store.control.models import AuditRow

PROMISED_S = 5.0
LIMITED: dict[str, Any] = {
    "models": ["gpt-4o*", "o4-mini"],
    "mounts": ["openai", "mistral"],
    "requests_per_minute": 60,
    "tokens_per_minute": 100_000,
    "byok": False,
    "environment": "production",
    "defaults": {
        "user": "u1", "team": "search", "session": None, "feature": "ranking", "prompt": "rank@3",
        "tags": {"region": "eu"},
    },
}  # fmt: skip
ANYTHING: dict[str, Any] = {
    "models": [], "mounts": [], "requests_per_minute": None, "tokens_per_minute": None, "byok": True,
    "environment": None,
    "defaults": {
        "user": None, "team": None, "session": None, "feature": None, "prompt": None, "tags": {},
    },
}  # fmt: skip


async def gateway_key(plane: Plane, made: dict[str, Any]) -> GatewayKey:
    snapshot = await plane.publisher.wait(-1, 0)
    assert snapshot is not None
    return snapshot.keys[hash_key(made["key"])]


async def change(browser: Browser, key: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = await browser.call("PATCH", f"/keys/{key['id']}", fields)
    assert response.status_code == 200, response.text
    return response.json()


async def history(plane: Plane, action: str) -> list[AuditRow]:
    async with plane.database.transaction() as session:
        query = select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.id)
        return list(await session.scalars(query))


async def test_a_key_of_which_nothing_is_said_may_do_anything(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    assert {name: made[name] for name in ANYTHING} == ANYTHING
    key = await gateway_key(plane, made)
    assert (key.models, key.mounts, key.requests_per_minute, key.byok) == ((), (), None, True)
    assert key.defaults == KeyDefaults()


async def test_what_a_key_may_do_reaches_the_gateway(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway", **LIMITED)
    assert {name: made[name] for name in LIMITED} == LIMITED
    (listed,) = (await browser.call("GET", "/keys")).json()["items"]
    assert {name: listed[name] for name in LIMITED} == LIMITED
    key = await gateway_key(plane, made)
    assert (key.models, key.mounts) == (("gpt-4o*", "o4-mini"), ("openai", "mistral"))
    assert (key.requests_per_minute, key.tokens_per_minute) == (60, 100_000)
    assert (key.byok, key.environment) == (False, "production")
    assert key.defaults == KeyDefaults(
        user="u1", team="search", feature="ranking", prompt="rank@3", tags={"region": "eu"}
    )


async def test_a_change_reaches_the_gateway_within_five_seconds(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    before = await plane.publisher.wait(-1, 0)
    assert before is not None
    waiting = asyncio.create_task(plane.publisher.wait(before.version, 30))
    await asyncio.sleep(0)
    began = time.monotonic()
    await change(browser, made, models=["gpt-4o"], requests_per_minute=5)
    after = await waiting
    assert time.monotonic() - began < PROMISED_S
    assert after is not None
    key = after.keys[hash_key(made["key"])]
    assert (key.models, key.requests_per_minute) == (("gpt-4o",), 5)


async def test_what_a_change_does_not_name_stays_and_null_takes_a_limit_away(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway", **LIMITED)
    changed = await change(browser, made, name="renamed", requests_per_minute=None)
    assert changed["name"] == "renamed"
    assert {name: changed[name] for name in LIMITED} == {**LIMITED, "requests_per_minute": None}
    freed = await change(
        browser, made, models=[], mounts=[], tokens_per_minute=None, byok=True, environment=None,
        defaults={},
    )  # fmt: skip
    assert {name: freed[name] for name in ANYTHING} == ANYTHING
    assert (await gateway_key(plane, made)).models == ()


async def test_an_expiry_can_be_set_and_taken_away(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway", expires_at="2099-01-01T00:00:00Z")
    kept = await change(browser, made, name="other")
    assert kept["expires_at"] == "2099-01-01T00:00:00Z"
    assert (await change(browser, made, expires_at=None))["expires_at"] is None


async def test_the_history_tells_what_was_and_what_is(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway", requests_per_minute=60)
    await change(browser, made, requests_per_minute=90, models=["gpt-4o"])
    await change(browser, made, requests_per_minute=90)
    (row,) = await history(plane, "key.changed")
    assert row.subject_id == parse_id(made["id"])
    assert row.before == {"models": [], "requests_per_minute": 60}
    assert row.after == {"models": ["gpt-4o"], "requests_per_minute": 90}
    (minted,) = await history(plane, "key.created")
    assert minted.after["requests_per_minute"] == 60
    assert made["key"] not in str(row.before) + str(row.after) + str(minted.after)


async def test_a_revoked_key_is_not_changed_any_more(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    await browser.call("DELETE", f"/keys/{made['id']}")
    response = await browser.call("PATCH", f"/keys/{made['id']}", {"name": "x"})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


async def test_a_member_does_not_change_what_an_admin_allowed(plane: Plane) -> None:
    owner = await plane.owner()
    member = await plane.member("m@example.com", {owner.workspace_id: "member"})
    own = await plane.key(member, "gateway", requests_per_minute=5)
    response = await member.call("PATCH", f"/keys/{own['id']}", {"requests_per_minute": None})
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"models": ["gpt 4"]}, "models.0"),
        ({"models": ["a*b*c*d*e*f"]}, "models.0"),
        ({"models": [""]}, "models.0"),
        ({"models": "gpt-4o"}, "models"),
        ({"mounts": ["openai", "nowhere"]}, "mounts.1"),
        ({"mounts": ["Open AI"]}, "mounts.0"),
        ({"mounts": ["metrics"]}, "mounts.0"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"requests_per_minute": 1.5}, "requests_per_minute"),
        ({"tokens_per_minute": -1}, "tokens_per_minute"),
        ({"tokens_per_minute": 10**12}, "tokens_per_minute"),
        ({"environment": "a\nb"}, "environment"),
        ({"environment": "x" * 201}, "environment"),
        ({"defaults": {"user": "\u0000"}}, "defaults.user"),
        ({"defaults": {"tags": {"a=b": "c"}}}, "defaults.tags.a=b.[key]"),
        ({"defaults": {"tags": {str(n): "x" for n in range(33)}}}, "defaults.tags"),
        ({"defaults": {"workspace_id": "x"}}, "defaults.?"),
    ],
)
async def test_a_bad_limit_is_named_at_making_and_at_changing(
    sqlite_plane: Plane, fields: dict[str, Any], field: str
) -> None:
    browser = await sqlite_plane.owner()
    body = {"name": "k", "kind": "gateway", **fields}
    made = await browser.call("POST", "/keys", body)
    assert (made.status_code, made.json()["field"]) == (422, field), made.text
    key = await sqlite_plane.key(browser, "gateway")
    changed = await browser.call("PATCH", f"/keys/{key['id']}", fields)
    assert (changed.status_code, changed.json()["field"]) == (422, field), changed.text
    (kept,) = (await browser.call("GET", "/keys")).json()["items"]
    assert {name: kept[name] for name in ANYTHING} == ANYTHING


@pytest.mark.parametrize("kind", ["ingest", "admin"])
async def test_limits_are_for_gateway_keys(sqlite_plane: Plane, kind: str) -> None:
    browser = await sqlite_plane.owner()
    body = {"name": "k", "kind": kind, "models": ["gpt-4o"]}
    response = await browser.call("POST", "/keys", body)
    assert (response.status_code, response.json()["field"]) == (422, "models")
    key = await sqlite_plane.key(browser, kind)
    response = await browser.call("PATCH", f"/keys/{key['id']}", {"requests_per_minute": 5})
    assert (response.status_code, response.json()["field"]) == (422, "requests_per_minute")
    assert (await change(browser, key, name="renamed"))["name"] == "renamed"


async def test_a_mount_of_ones_own_can_be_named(plane: Plane) -> None:
    browser = await plane.owner()
    provider = {
        "provider": "compatible", "mount": "acme", "api_key": "sk-12345678",
        "base_url": "https://nowhere.invalid/v1",
    }  # fmt: skip
    body = {"name": "k", "kind": "gateway", "mounts": ["acme"]}
    assert (await browser.call("POST", "/keys", body)).status_code == 422
    assert (await browser.call("POST", "/providers", provider)).status_code == 201
    assert (await browser.call("POST", "/keys", body)).status_code == 201
