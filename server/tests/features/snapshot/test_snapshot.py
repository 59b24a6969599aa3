"""The gateway learns of every change within five seconds, and of nothing that is not for it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from plane import MOCK, Browser, Plane

from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.terms import Terms
from quotah_server.catalog.terms import encode as encode_terms
from quotah_server.domain.ids import new_id, parse_id
from quotah_server.domain.secrets import credential_binding, hash_key
from quotah_server.domain.snapshot import Snapshot, decode, encode
from quotah_server.features.snapshot.service import SnapshotPublisher, build, touch
from quotah_server.features.terms.repository import all_terms
from quotah_server.kit.clock import utc_now
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.books import BookShelf
from quotah_server.store.control.models import PriceOverrideRow
from quotah_server.store.control.session import Database

PROMISED_S = 5.0


async def now(plane: Plane) -> Snapshot:
    found = await plane.publisher.wait(-1, 0)
    assert found is not None
    return found


async def test_a_gateway_key_is_found_by_its_hash_and_other_kinds_are_not(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    others = [(await plane.key(browser, kind))["key"] for kind in ("ingest", "admin")]
    snapshot = await now(plane)
    assert list(snapshot.keys) == [hash_key(made["key"])]
    key = snapshot.keys[hash_key(made["key"])]
    assert key.id == parse_id(made["id"])
    assert key.project_id == parse_id(made["project_id"])
    assert key.workspace_id == parse_id(browser.workspace_id)
    assert key.member_id == parse_id(browser.me["member"]["id"])
    assert all(hash_key(other) not in snapshot.keys for other in others)


async def test_the_snapshot_survives_the_wire_and_holds_no_key_in_the_clear(plane: Plane) -> None:
    browser = await plane.owner()
    made = await plane.key(browser, "gateway")
    await browser.call("POST", "/providers/mock")
    snapshot = await now(plane)
    data = encode(snapshot)
    assert decode(data) == snapshot
    assert made["key"].encode() not in data
    assert b"quotah-mock-provider" not in data


async def test_credentials_arrive_sealed_and_open_with_the_ring(plane: Plane) -> None:
    browser = await plane.owner()
    await browser.call("POST", "/providers/mock")
    routes = (await now(plane)).mounts[parse_id(browser.workspace_id)]
    assert set(routes) == {
        name for name, account in ACCOUNTS.items() if account.mock_path is not None
    }
    (credential,) = routes["openai"].credentials
    assert (credential.base_url, credential.is_mock) == (f"{MOCK}/openai/v1", True)
    binding = credential_binding(credential.workspace_id, credential.id, credential.base_url)
    assert plane.ring.open(credential.secret, binding)


async def test_a_real_key_takes_the_place_of_the_mock(plane: Plane) -> None:
    browser = await plane.owner()
    await browser.call("POST", "/providers/mock")
    body = {
        "provider": "openai",
        "api_key": "sk-real-12345678",
        "base_url": "https://nowhere.invalid/v1",
    }
    for _ in range(2):
        assert (await browser.call("POST", "/providers", body)).status_code == 201
    routes = (await now(plane)).mounts[parse_id(browser.workspace_id)]
    assert [credential.is_mock for credential in routes["openai"].credentials] == [False, False]
    assert [credential.is_mock for credential in routes["anthropic"].credentials] == [True]


async def test_tenants_do_not_share_routes(plane: Plane) -> None:
    browser = await plane.owner()
    await plane.stranger()
    await browser.call("POST", "/providers/mock")
    assert set((await now(plane)).mounts) == {parse_id(browser.workspace_id)}


async def change(plane: Plane, browser: Browser, kind: str) -> None:
    if kind == "key minted":
        await plane.key(browser, "gateway")
    elif kind == "key revoked":
        item = (await browser.call("GET", "/keys")).json()["items"][0]
        assert (await browser.call("DELETE", f"/keys/{item['id']}")).status_code == 204
    elif kind == "provider added":
        assert (await browser.call("POST", "/providers/mock")).status_code == 201
    else:
        item = (await browser.call("GET", "/providers")).json()["items"][0]
        assert (await browser.call("DELETE", f"/providers/{item['id']}")).status_code == 204


KINDS = ["key minted", "key revoked", "provider added", "provider removed"]


@pytest.mark.parametrize("kind", KINDS)
async def test_who_waits_is_told_of_a_change_when_it_is_committed(plane: Plane, kind: str) -> None:
    browser = await plane.owner()
    await plane.key(browser, "gateway")
    if kind == "provider removed":
        await browser.call("POST", "/providers/mock")
    before = await now(plane)
    waiting = asyncio.create_task(plane.publisher.wait(before.version, 30))
    await asyncio.sleep(0)
    began = time.monotonic()
    await change(plane, browser, kind)
    after = await waiting
    assert time.monotonic() - began < PROMISED_S
    assert after is not None
    assert after.version > before.version
    assert (after.keys, after.mounts) != (before.keys, before.mounts)


async def test_a_revocation_made_by_another_process_arrives_in_time(plane: Plane) -> None:
    browser = await plane.owner()
    await plane.key(browser, "gateway")
    elsewhere = Database(plane.database.url)
    publisher = SnapshotPublisher(elsewhere)
    before = await publisher.wait(-1, 0)
    assert before is not None
    assert len(before.keys) == 1
    waiting = asyncio.create_task(publisher.wait(before.version, 30))
    began = time.monotonic()
    await change(plane, browser, "key revoked")
    after = await waiting
    await elsewhere.close()
    assert time.monotonic() - began < PROMISED_S
    assert after is not None
    assert after.keys == {}


async def test_without_news_the_wait_ends_empty(plane: Plane) -> None:
    before = await now(plane)
    assert await plane.publisher.wait(before.version, 0.05) is None


async def test_a_change_that_is_rolled_back_is_no_news(plane: Plane) -> None:
    browser = await plane.owner()
    before = await now(plane)
    body = {"name": "k", "kind": "gateway", "project_id": "prj_" + "0" * 32}
    assert (await browser.call("POST", "/keys", body)).status_code == 404
    assert await plane.publisher.wait(before.version, 0) is None


async def test_a_database_restored_from_a_backup_is_news_too(plane: Plane) -> None:
    current = await now(plane)
    restored = await plane.publisher.wait(current.version + 1000, 0)
    assert restored is not None
    assert restored.version == current.version


async def test_the_version_outlives_the_process(plane: Plane) -> None:
    browser = await plane.owner()
    await plane.key(browser, "gateway")
    version = (await now(plane)).version
    again = Database(plane.database.url)
    found = await SnapshotPublisher(again).wait(-1, 0)
    await again.close()
    assert found is not None
    assert found.version == version


async def test_an_expired_key_is_left_out_and_one_that_will_expire_says_when(plane: Plane) -> None:
    browser = await plane.owner()
    soon = utc_now() + timedelta(hours=1)
    made = await plane.key(browser, "gateway", expires_at=soon.isoformat())
    assert (await now(plane)).keys[hash_key(made["key"])].expires_at == soon
    async with plane.database.transaction() as session:
        later = await build(session, lambda: soon)
    assert later.keys == {}


async def overridden(plane: Plane, workspace_id: str) -> Terms:
    """Give a workspace a price of its own, as the API would; its terms."""
    async with plane.database.transaction() as session:
        session.add(
            PriceOverrideRow(
                id=new_id(), workspace_id=workspace_id, provider="openai", model="gpt-4o",
                rates={}, factor="0.5", note="", created_at=utc_now(),
            )
        )  # fmt: skip
        await touch(session)
    async with plane.database.transaction() as session:
        return (await all_terms(session))[workspace_id]


async def test_the_snapshot_names_the_book_and_the_terms_of_each_workspace(plane: Plane) -> None:
    browser = await plane.owner()
    before = await now(plane)
    assert (before.book_version, before.terms) == (load_packaged().version, {})
    workspace_id = parse_id(browser.workspace_id)
    terms = await overridden(plane, workspace_id)
    after = await now(plane)
    assert after.version > before.version
    assert after.terms == {workspace_id: encode_terms(terms)}
    assert decode(encode(after)) == after


async def test_a_book_under_terms_is_kept_before_a_gateway_hears_of_it(
    plane: Plane, tmp_path: Path
) -> None:
    shelf = BookShelf(tmp_path / "books")
    shelf.put(load_packaged())
    publisher = SnapshotPublisher(plane.database, shelf=shelf)
    browser = await plane.owner()
    terms = await overridden(plane, parse_id(browser.workspace_id))
    view = load_packaged().under(terms)
    assert shelf.get(view.version) is None
    assert await publisher.wait(-1, 0) is not None
    found = shelf.get(view.version)
    assert found is not None
    assert found.terms == terms


async def test_a_shelf_that_takes_nothing_keeps_no_key_from_the_gateway(
    plane: Plane, tmp_path: Path
) -> None:
    (tmp_path / "books").write_bytes(b"in the way")
    publisher = SnapshotPublisher(plane.database, shelf=BookShelf(tmp_path / "books"))
    browser = await plane.owner()
    await overridden(plane, parse_id(browser.workspace_id))
    assert await publisher.wait(-1, 0) is not None
