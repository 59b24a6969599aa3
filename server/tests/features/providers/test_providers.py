"""Provider keys: asked about, sealed to their place, reaching only addresses that are allowed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from features.providers.forms import KEY, form
from plane import MOCK, Plane, bearer
from sqlalchemy import select, update
from upstream import Upstream, reply

from quotah_server.domain.ids import new_id
from quotah_server.domain.secrets import credential_binding
from quotah_server.kit.crypto import SealError
from quotah_server.net.addresses import parse_rules
from quotah_server.net.egress import Egress
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.control.models import AuditRow, ProviderCredentialRow
from quotah_server.store.control.session import Database


async def rows(plane: Plane) -> list[ProviderCredentialRow]:
    async with plane.database.transaction() as session:
        query = select(ProviderCredentialRow).order_by(ProviderCredentialRow.id)
        return list(await session.scalars(query))


def opened(plane: Plane, row: ProviderCredentialRow, **swap: str) -> str:
    place = {"workspace_id": row.workspace_id, "id": row.id, "base_url": row.base_url, **swap}
    binding = credential_binding(place["workspace_id"], place["id"], place["base_url"])
    return plane.ring.open(row.secret, binding)


@pytest.mark.parametrize(
    ("status", "verdict", "told"),
    [
        (200, "healthy", None),
        (401, "invalid", "refused"),
        (403, "invalid", "refused"),
        (429, "rate_limited", "limits"),
        (404, "never_used", "no verdict"),
        (500, "never_used", "no verdict"),
        (302, "never_used", "redirects"),
    ],
)
async def test_the_provider_is_asked_and_its_verdict_is_told(
    sqlite_plane: Plane, vendor: Upstream, status: int, verdict: str, told: str | None
) -> None:
    sqlite_plane.vault.egress = Egress(parse_rules("", vendor.origin))
    vendor.answer = reply(status, b"{}")
    browser = await sqlite_plane.owner()
    response = await browser.call("POST", "/providers", form(vendor))
    item = response.json()
    assert (response.status_code, item["status"]) == (201, verdict)
    assert (told is None) is (item["last_error"] is None)
    assert told is None or told in item["last_error"]
    assert item["last_used_at"] is not None
    assert vendor.heard[0].startswith("GET /v1/models HTTP/1.1")
    assert f"authorization: bearer {KEY}" in vendor.heard[0].lower()


async def test_each_provider_is_shown_the_key_its_own_way(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    url = f"http://{vendor.origin}"
    await browser.call("POST", "/providers", form(vendor, provider="anthropic", base_url=url))
    head = vendor.heard[0].lower()
    assert head.startswith("get /v1/models http/1.1")
    assert f"x-api-key: {KEY}" in head
    assert "anthropic-version:" in head
    assert "authorization" not in head


async def test_a_provider_that_cannot_be_asked_is_stored_as_never_used(
    plane: Plane, vendor: Upstream
) -> None:
    vendor.answer = b""
    browser = await plane.owner()
    item = (await browser.call("POST", "/providers", form(vendor))).json()
    assert item["status"] == "never_used"
    assert item["last_used_at"] is None
    assert item["last_error"].startswith("OpenAI could not be asked about this key.")


async def test_a_key_is_sealed_for_its_row_its_tenant_and_its_origin(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    await browser.call("POST", "/providers", form(vendor))
    (row,) = await rows(plane)
    assert KEY not in {str(value) for value in vars(row).values()}
    assert opened(plane, row) == KEY
    for swap in (
        {"workspace_id": new_id()},
        {"id": new_id()},
        {"base_url": "https://evil.example/v1"},
        {"base_url": row.base_url.replace("http:", "https:")},
        {"base_url": f"http://127.0.0.1:{vendor.port + 1}/v1"},
    ):
        with pytest.raises(SealError):
            opened(plane, row, **swap)


async def test_secrets_swapped_between_rows_do_not_open(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    for key in (KEY, "sk-other-key-0000"):
        await browser.call("POST", "/providers", form(vendor, api_key=key))
    first, second = await rows(plane)
    async with plane.database.transaction() as session:
        for row, secret in ((first, second.secret), (second, first.secret)):
            await session.execute(
                update(ProviderCredentialRow)
                .where(ProviderCredentialRow.id == row.id)
                .values(secret=secret)
            )
    for row in await rows(plane):
        with pytest.raises(SealError):
            opened(plane, row)


async def test_a_key_is_never_read_back(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    made = await browser.call("POST", "/providers", form(vendor))
    listed = await browser.call("GET", "/providers")
    (row,) = await rows(plane)
    for response in (made, listed):
        assert KEY not in response.text
        assert row.secret not in response.text
        assert "secret" not in response.text
    assert made.json()["hint"] == KEY[-4:]
    assert listed.json()["items"] == [made.json()]


async def test_one_key_has_one_fingerprint_and_another_another(
    plane: Plane, vendor: Upstream
) -> None:
    browser = await plane.owner()
    prints = [
        (await browser.call("POST", "/providers", form(vendor, api_key=key))).json()["fingerprint"]
        for key in (KEY, KEY, KEY[:-1] + "3")
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:9/v1",
        "https://localhost/v1",
        "https://[::1]/v1",
        "https://169.254.169.254/latest",
        "https://10.0.0.8/v1",
        "https://2130706433/v1",
        "https://metadata.google.internal/v1",
        "https://1.1.1.1:22/",
        "http://1.1.1.1/v1",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https://user:pass@api.example.com/v1",
        "https://api.example.com/v1?key=1",
        "https://api.example.com/v1#x",
        "https://api.example.com/a b",
        "https://",
        "api.example.com/v1",
        "https://api.example.com:99999",
    ],
)
async def test_an_address_that_may_not_be_reached_is_refused_and_nothing_is_stored(
    sqlite_plane: Plane, base_url: str
) -> None:
    browser = await sqlite_plane.owner()
    body = {"provider": "openai", "api_key": KEY, "base_url": base_url}
    response = await browser.call("POST", "/providers", body)
    assert (response.status_code, response.json()["field"]) == (422, "base_url")
    assert KEY not in response.text
    assert await rows(sqlite_plane) == []


async def test_the_operator_may_allow_a_private_address_and_nobody_else(
    database: Database, vendor: Upstream
) -> None:
    plane = Plane(database)
    browser = await plane.owner()
    admin = await plane.member("a@example.com", {browser.workspace_id: "owner"})
    body = form(vendor)
    refused = await browser.call("POST", "/providers", body)
    assert refused.status_code == 422
    assert "allow_private" in refused.json()["hint"]
    allowed = {**body, "allow_private": True}
    assert (await admin.call("POST", "/providers", allowed)).status_code == 403
    theirs = (await plane.key(admin, "admin"))["key"]
    ours = (await plane.key(browser, "admin"))["key"]
    client = plane.client()
    codes = [
        (await client.post("/api/v1/providers", json=allowed, headers=bearer(key))).status_code
        for key in (theirs, ours)
    ]
    assert codes == [403, 201]
    response = await browser.call("POST", "/providers", allowed)
    assert (response.status_code, response.json()["status"]) == (201, "healthy")
    metadata = {**allowed, "base_url": "http://169.254.169.254/v1"}
    assert (await browser.call("POST", "/providers", metadata)).status_code == 422
    plane.passwords.close()


async def test_a_base_url_is_stored_in_one_form(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    url = f"HTTP://{vendor.origin}/v1//"
    item = (await browser.call("POST", "/providers", form(vendor, base_url=url))).json()
    assert item["base_url"] == f"http://{vendor.origin}/v1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "unknown"}, "provider"),
        ({"api_key": "short"}, "api_key"),
        ({"api_key": "with space inside"}, "api_key"),
        ({"api_key": "line\r\nbreak: injected"}, "api_key"),
        ({"api_key": "schlüssel-schlüssel"}, "api_key"),
        ({"api_key": "x" * 4097}, "api_key"),
        ({"name": ""}, "name"),
        ({"status": "healthy"}, "?"),
        ({"is_mock": True}, "?"),
        ({"secret": "x"}, "?"),
    ],
)
async def test_a_bad_value_is_named_and_not_repeated(
    sqlite_plane: Plane, change: dict[str, Any], field: str
) -> None:
    browser = await sqlite_plane.owner()
    response = await browser.call(
        "POST", "/providers", {"provider": "openai", "api_key": KEY, **change}
    )
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert KEY not in response.text
    assert await rows(sqlite_plane) == []


async def test_the_mock_stands_in_for_every_provider_once(plane: Plane) -> None:
    browser = await plane.owner()
    first = await browser.call("POST", "/providers/mock")
    second = await browser.call("POST", "/providers/mock")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    shown = {
        (item["provider"], item["base_url"], item["is_mock"]) for item in first.json()["items"]
    }
    assert shown == {
        (account.provider, MOCK + account.mock_path, True)
        for account in ACCOUNTS.values()
        if account.mock_path is not None
    }
    assert ("openai", f"{MOCK}/openai/v1", True) in shown
    for row in await rows(plane):
        assert opened(plane, row)


async def test_the_mock_is_announced_to_those_who_start_it(plane: Plane) -> None:
    told: list[str] = []
    plane.database.subscribe("mock", lambda: told.append("mock"))
    browser = await plane.owner()
    await browser.call("POST", "/providers/mock")
    assert told == ["mock"]


async def test_a_deleted_key_is_gone_and_its_history_stays(plane: Plane, vendor: Upstream) -> None:
    browser = await plane.owner()
    made = (await browser.call("POST", "/providers", form(vendor))).json()
    assert (await browser.call("DELETE", f"/providers/{made['id']}")).status_code == 204
    assert (await browser.call("DELETE", f"/providers/{made['id']}")).status_code == 404
    assert await rows(plane) == []
    async with plane.database.transaction() as session:
        query = select(AuditRow).where(AuditRow.subject_kind == "provider_credential")
        history = list(await session.scalars(query.order_by(AuditRow.id)))
    assert [row.action for row in history] == ["provider.added", "provider.removed"]
    for row in history:
        assert KEY not in str(row.before) + str(row.after)


async def test_a_slow_provider_does_not_hold_up_other_requests(
    sqlite_plane: Plane, vendor: Upstream
) -> None:
    waiting = asyncio.Event()

    async def resolve(_host: str, _port: int) -> list[Any]:
        waiting.set()
        await asyncio.sleep(30)
        return []

    browser = await sqlite_plane.owner()
    sqlite_plane.vault.egress = Egress(parse_rules(""), resolver=resolve)
    body = form(vendor, base_url="https://slow.example/v1")
    slow = asyncio.create_task(browser.call("POST", "/providers", body))
    await asyncio.wait_for(waiting.wait(), 10)
    assert (await asyncio.wait_for(browser.call("GET", "/keys"), 10)).status_code == 200
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
