"""Several keys of a provider, under the names that the gateway's paths begin with."""

from __future__ import annotations

from typing import Any

import pytest
from features.providers.forms import KEY, form
from plane import Browser, Plane
from sqlalchemy import select
from upstream import Upstream, reply

from quotah_server.domain.ids import parse_id
from quotah_server.domain.secrets import credential_binding
from quotah_server.domain.snapshot import Mount
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.control.models import AuditRow, ProviderCredentialRow
from quotah_server.store.control.session import Database

OTHER = "sk-test-canary-7777"


async def add(browser: Browser, body: dict[str, Any]) -> dict[str, Any]:
    response = await browser.call("POST", "/providers", body)
    assert response.status_code == 201, response.text
    return response.json()


async def change(browser: Browser, item: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = await browser.call("PATCH", f"/providers/{item['id']}", fields)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(browser: Browser, item: dict[str, Any], **fields: Any) -> tuple[int, str]:
    response = await browser.call("PATCH", f"/providers/{item['id']}", fields)
    return response.status_code, response.json().get("field")


async def mounts(plane: Plane, browser: Browser) -> dict[str, Mount]:
    snapshot = await plane.publisher.wait(-1, 0)
    assert snapshot is not None
    return snapshot.mounts.get(parse_id(browser.workspace_id), {})


async def row_of(plane: Plane, item: dict[str, Any]) -> ProviderCredentialRow:
    async with plane.database.transaction() as session:
        row = await session.get(ProviderCredentialRow, parse_id(item["id"]))
    assert row is not None
    return row


async def test_each_kind_tells_what_it_needs(plane: Plane) -> None:
    browser = await plane.owner()
    items = (await browser.call("GET", "/providers/kinds")).json()["items"]
    assert [item["provider"] for item in items] == list(ACCOUNTS)
    assert items[0] == {
        "provider": "openai", "label": "OpenAI", "base_url": "https://api.openai.com/v1",
        "dialect": "openai", "keyless": False, "settings": [],
    }  # fmt: skip
    settings = {item["provider"]: item["settings"] for item in items}
    assert "api_version" in [setting["name"] for setting in settings["azure"]]


async def test_a_key_stands_under_its_providers_name_with_weight_one(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor))
    assert (item["mount"], item["weight"], item["enabled"]) == ("openai", 1, True)
    assert (item["settings"], item["breaker"], item["open_until"]) == ({}, "closed", None)


async def test_keys_of_one_mount_reach_the_gateway_with_their_weights(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    first = await add(browser, form(vendor, weight=3))
    second = await add(browser, form(vendor, api_key=OTHER, weight=0))
    apart = await add(browser, form(vendor, provider="compatible", mount="acme"))
    found = await mounts(plane, browser)
    assert set(found) == {"openai", "acme"}
    assert {one.id: one.weight for one in found["openai"].credentials} == {
        parse_id(first["id"]): 3,
        parse_id(second["id"]): 0,
    }
    assert [one.id for one in found["acme"].credentials] == [parse_id(apart["id"])]
    assert (found["acme"].provider, found["acme"].dialect) == ("compatible", "openai")


@pytest.mark.parametrize(
    "mount",
    ["", "-a", "A", "a_b", "a b", "a/b", "a.b", "x" * 33, "healthz", "readyz", "metrics", "internal",
     "api", "admin", "v1", "mock", "ä"],
)  # fmt: skip
async def test_a_mount_that_no_path_could_begin_with_is_refused(
    sqlite_plane: Plane, mount: str
) -> None:
    browser = await sqlite_plane.owner()
    body = {"provider": "compatible", "mount": mount, "base_url": "https://nowhere.invalid/v1"}
    response = await browser.call("POST", "/providers", body)
    assert (response.status_code, response.json()["field"]) == (422, "mount")


async def test_a_mount_has_one_kind_of_provider(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    await add(browser, form(vendor, provider="compatible", mount="acme"))
    for kind, mount in (("openai", "acme"), ("compatible", "openai"), ("compatible", "google"),
                        ("openai", "anthropic")):  # fmt: skip
        response = await browser.call(
            "POST", "/providers", form(vendor, provider=kind, mount=mount)
        )
        assert (response.status_code, response.json()["field"]) == (422, "mount")
    await add(browser, form(vendor, provider="compatible", mount="acme"))
    await add(browser, form(vendor, mount="openai-eu"))


async def test_another_workspace_names_its_mounts_as_it_likes(
    plane: Plane, vendor: Upstream
) -> None:
    browser, stranger = await plane.owner(), await plane.stranger()
    await add(browser, form(vendor, provider="compatible", mount="acme"))
    await add(stranger, form(vendor, mount="acme"))


async def test_a_server_of_ones_own_needs_no_key(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor, provider="vllm", api_key=None))
    assert (item["status"], item["hint"]) == ("healthy", "")
    assert "authorization" not in vendor.heard[0].lower()
    row = await row_of(plane, item)
    binding = credential_binding(row.workspace_id, row.id, row.base_url)
    assert plane.ring.open(row.secret, binding) == ""


async def test_what_a_provider_needs_is_asked_for(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    for body, field in (
        (form(vendor, api_key=None), "api_key"),
        ({"provider": "azure", "api_key": KEY}, "base_url"),
        ({"provider": "vllm"}, "base_url"),
    ):
        response = await browser.call("POST", "/providers", body)
        assert (response.status_code, response.json()["field"]) == (422, field)


async def test_settings_are_the_accounts_own_and_filled_in_by_default(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    body = form(vendor, provider="azure", base_url=f"http://{vendor.origin}")
    defaults = {one.name: one.default for one in ACCOUNTS["azure"].settings if one.default}
    assert (await add(browser, body))["settings"] == defaults
    told = await add(browser, {**body, "settings": {"api_version": "2025-01-01"}})
    assert told["settings"] == {**defaults, "api_version": "2025-01-01"}
    credentials = (await mounts(plane, browser))["azure"].credentials
    assert {one.id: one.settings["api_version"] for one in credentials}[parse_id(told["id"])] == (
        "2025-01-01"
    )
    for settings, field in (
        ({"sk-in-the-wrong-place": "x"}, "settings"),
        ({"api_version": "a\nb"}, "settings.api_version"),
        ({"api_version": "x" * 201}, "settings.api_version"),
    ):
        response = await browser.call("POST", "/providers", {**body, "settings": settings})
        assert response.status_code == 422
        assert response.json()["field"].startswith(field)
        assert "sk-in-the-wrong-place" not in response.text


@pytest.mark.parametrize("weight", [-1, 1001, 1.5, "2"])
async def test_a_weight_is_a_whole_number_to_a_thousand(sqlite_plane: Plane, weight: Any) -> None:
    browser = await sqlite_plane.owner()
    body = {"provider": "openai", "api_key": KEY, "weight": weight}
    response = await browser.call("POST", "/providers", body)
    assert (response.status_code, response.json()["field"]) == (422, "weight")


async def test_name_weight_and_use_change_without_asking_the_provider(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor))
    asked = len(vendor.heard)
    changed = await change(browser, item, name="Spare", weight=0, enabled=False)
    assert (changed["name"], changed["weight"], changed["enabled"]) == ("Spare", 0, False)
    assert len(vendor.heard) == asked
    assert {name: changed[name] for name in ("status", "hint", "fingerprint", "base_url")} == {
        name: item[name] for name in ("status", "hint", "fingerprint", "base_url")
    }


async def test_a_key_that_is_switched_off_is_not_used_and_no_stand_in_takes_its_place(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    await browser.call("POST", "/providers/mock")
    first, second = (
        await add(browser, form(vendor)),
        await add(browser, form(vendor, api_key=OTHER)),
    )
    await change(browser, first, enabled=False)
    found = (await mounts(plane, browser))["openai"]
    assert [one.id for one in found.credentials] == [parse_id(second["id"])]
    await change(browser, second, enabled=False)
    found = (await mounts(plane, browser))["openai"]
    assert found.credentials == ()
    await change(browser, first, enabled=True)
    assert [one.is_mock for one in (await mounts(plane, browser))["openai"].credentials] == [False]


async def test_a_new_key_is_asked_about_and_sealed_in_place_of_the_old_one(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor))
    vendor.answer = reply(401, b"{}")
    changed = await change(browser, item, api_key=OTHER)
    assert (changed["status"], changed["hint"]) == ("invalid", OTHER[-4:])
    assert changed["last_error_at"] is not None
    assert changed["fingerprint"] != item["fingerprint"]
    assert f"authorization: bearer {OTHER}" in vendor.heard[-1].lower()
    row = await row_of(plane, item)
    binding = credential_binding(row.workspace_id, row.id, row.base_url)
    assert plane.ring.open(row.secret, binding) == OTHER
    snapshot = await mounts(plane, browser)
    assert snapshot["openai"].credentials[0].secret == row.secret


async def test_a_new_address_comes_with_a_key_and_is_checked(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor))
    assert await refused(browser, item, base_url="https://evil.example/v1") == (422, "base_url")
    assert await refused(browser, item, allow_private=True) == (422, "allow_private")
    bad = {"api_key": OTHER, "base_url": "http://10.0.0.8/v1"}
    assert await refused(browser, item, **bad) == (422, "base_url")
    kept = await row_of(plane, item)
    assert kept.base_url == item["base_url"]
    url = f"http://{vendor.origin}/other/v1"
    changed = await change(browser, item, api_key=OTHER, base_url=url)
    assert (changed["base_url"], changed["status"]) == (url, "healthy")
    assert vendor.heard[-1].startswith("GET /other/v1/models")


async def test_what_the_operator_allowed_was_the_address_of_then(
    database: Database, vendor: Upstream
) -> None:
    plane = Plane(database)
    browser = await plane.owner()
    admin = await plane.member("a@example.com", {browser.workspace_id: "admin"})
    item = await add(browser, form(vendor, allow_private=True))
    same = await change(admin, item, api_key=OTHER)
    assert same["allow_private"] is True
    elsewhere = {"api_key": OTHER, "base_url": "http://127.0.0.1:9/v1"}
    assert await refused(admin, item, **elsewhere) == (422, "base_url")
    assert await refused(admin, item, **elsewhere, allow_private=True) == (403, None)
    allowed = await change(browser, item, **elsewhere, allow_private=True)
    assert allowed["base_url"] == "http://127.0.0.1:9/v1"
    plane.passwords.close()


async def test_a_change_stands_in_the_history_without_the_key(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    item = await add(browser, form(vendor))
    await change(browser, item, weight=7)
    await change(browser, item, weight=7)
    await change(browser, item, api_key=OTHER)
    async with plane.database.transaction() as session:
        query = select(AuditRow).where(AuditRow.action == "provider.changed")
        rows = list(await session.scalars(query.order_by(AuditRow.id)))
    assert [(row.before, row.after) for row in rows[:1]] == [({"weight": 1}, {"weight": 7})]
    assert len(rows) == 2
    assert set(rows[1].after) == {"fingerprint"}
    for row in rows:
        assert KEY not in str(row.before) + str(row.after)
        assert OTHER not in str(row.before) + str(row.after)


async def test_the_stand_in_takes_no_key(plane: Plane) -> None:
    browser = await plane.owner()
    mock = (await browser.call("POST", "/providers/mock")).json()["items"][0]
    assert await refused(browser, mock, api_key=OTHER) == (422, "api_key")
    assert (await change(browser, mock, enabled=False))["enabled"] is False


async def test_callers_with_a_key_of_their_own_reach_every_vendor_where_a_key_lets_them(
    plane: Plane,
) -> None:
    browser = await plane.owner()
    assert await mounts(plane, browser) == {}
    made = await plane.key(browser, "gateway")
    found = await mounts(plane, browser)
    assert {name: (mount.base_url, mount.credentials) for name, mount in found.items()} == {
        name: (account.base_url, ())
        for name, account in ACCOUNTS.items()
        if account.base_url and not account.keyless
    }
    assert {"openai", "anthropic", "gemini", "cohere", "mistral", "groq"} <= set(found)
    await browser.call("PATCH", f"/keys/{made['id']}", {"byok": False})
    assert await mounts(plane, browser) == {}
