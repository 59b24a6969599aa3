"""Newer list prices: fetched when it is wanted, applied when nothing is odd, held or refused otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from features.prices.desk import NOW, PriceDesk, fine, model_of, problem, published
from upstream import Upstream, reply

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.domain.ids import new_id
from quotah_server.features.prices import compiling, updates
from quotah_server.features.prices.settling import as_of, settle

NEW = "gpt-77-test"
DEAL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}


def with_a_new_model() -> list[dict[str, Any]]:
    """Published data with one model more, which changes nothing that is known."""
    data = published()
    openai = next(found for found in data if found["id"] == "openai")
    made = {"id": NEW, "match": {"equals": NEW}, "prices": {"input_mtok": 3, "output_mtok": 9}}
    openai["models"].append(made)
    return data


def from_tomorrow(rate: str) -> list[dict[str, Any]]:
    """Published data in which command-a has another input rate from tomorrow on."""
    data = published()
    entry = model_of(data, "cohere", "command-a")
    tomorrow = (NOW + timedelta(days=1)).date().isoformat()
    later = {**entry["prices"], "input_mtok": float(rate)}
    entry["prices"] = [
        {"prices": entry["prices"]},
        {"constraint": {"start_date": tomorrow}, "prices": later},
    ]
    return data


def serve(publisher: Upstream, data: Any) -> None:
    publisher.answer = reply(200, json.dumps(data).encode())


async def checked(owner: Any) -> dict[str, Any]:
    return fine(await owner.call("POST", "/prices/updates/check"))


async def test_nothing_is_asked_for_until_somebody_wants_it(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "_SETTLED_S", 0.01)
    monkeypatch.setattr(updates, "_LOOK_EVERY_S", 0.01)
    owner = await desk.owner()
    told = fine(await owner.call("GET", "/prices/updates"))
    assert told == {
        "enabled": False, "url": desk.url, "last_checked_at": None, "last_error": None,
        "may_change": True, "items": [],
    }  # fmt: skip
    publisher.answer = reply(404)
    running = asyncio.create_task(desk.updates.run())
    await asyncio.sleep(0.2)
    assert publisher.heard == []
    assert fine(await owner.call("PUT", "/prices/updates", {"enabled": True}))["enabled"] is True
    await heard(publisher, 1)
    await asyncio.sleep(0.2)
    assert len(publisher.heard) == 1  # once a day
    desk.clock.now = NOW + timedelta(days=1, minutes=1)
    await heard(publisher, 2)
    assert publisher.heard[0].startswith("GET /data.json HTTP/1.1")
    (row,) = [row for row in await desk.audited() if row.action == "price_updates.changed"]
    assert (row.before, row.after) == ({"enabled": False}, {"enabled": True})
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def heard(publisher: Upstream, times: int) -> None:
    async with asyncio.timeout(10):
        while len(publisher.heard) < times:  # noqa: ASYNC110 -- what is waited for is another server
            await asyncio.sleep(0.01)


async def test_a_clean_update_is_applied_and_prices_the_next_call(
    desk: PriceDesk, publisher: Upstream
) -> None:
    owner = await desk.owner()
    fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    old, version = desk.prices.book.version, await desk.snapshot_version()
    assert desk.call(owner.workspace_id, NEW).cost_usd is None
    serve(publisher, with_a_new_model())
    told = await checked(owner)
    (item,) = told["items"]
    assert (item["state"], item["reasons"]) == ("applied", [])
    assert (item["changed"], item["added"], item["removed"]) == (0, 1, 0)
    assert (told["last_checked_at"], told["last_error"]) == ("2026-11-20T12:00:00Z", None)
    assert desk.prices.book.version == item["version"] == (await desk.pointer()).book_version != old
    assert await desk.snapshot_version() > version
    assert desk.shelf.get(item["version"]) is not None
    event = desk.call(owner.workspace_id, NEW)
    assert event.cost_usd == Decimal("0.0048")
    assert desk.shelf.get(event.price_version) is not None
    halved = desk.call(owner.workspace_id, "gpt-4o")
    assert halved.cost_usd == Decimal("0.00225")
    (row,) = [row for row in await desk.audited() if row.action == "price_update.applied"]
    assert (row.before, row.after) == ({"book_version": old}, {"book_version": item["version"]})


async def test_the_same_prices_again_are_no_update(desk: PriceDesk, publisher: Upstream) -> None:
    owner = await desk.owner()
    serve(publisher, published())
    assert (await checked(owner))["items"] == []
    serve(publisher, with_a_new_model())
    await checked(owner)
    desk.clock.now = NOW + timedelta(days=1)
    told = await checked(owner)
    assert len(told["items"]) == 1
    assert told["last_checked_at"] == "2026-11-21T12:00:00Z"


async def test_a_change_from_tomorrow_on_is_shown_and_applied(
    desk: PriceDesk, publisher: Upstream
) -> None:
    owner = await desk.owner()
    serve(publisher, from_tomorrow("5"))
    (item,) = (await checked(owner))["items"]
    assert item["state"] == "applied"
    assert item["changes"] == [
        {"provider": "cohere", "model": "command-a", "unit": "input", "old_usd": "2.5",
         "new_usd": "5", "ratio": "2", "when": ""},
    ]  # fmt: skip


def without_models(share: int) -> list[dict[str, Any]]:
    data = published()
    for provider in data:
        provider["models"] = provider["models"][
            : len(provider["models"]) - len(provider["models"]) // share
        ]
    return data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            lambda: from_tomorrow("25.1"),
            "by more than 10 times: cohere/command-a input $2.5 → $25.1",
        ),
        (
            lambda: from_tomorrow("0.24"),
            "by more than 10 times: cohere/command-a input $2.5 → $0.24",
        ),
        (lambda: from_tomorrow("0"), "to 0 or less: cohere/command-a input $2.5 → $0"),
        (
            lambda: published([("openai", "gpt-4o", {"input_mtok": "2.6"})]),
            "for days that are over",
        ),
        (lambda: without_models(10), "models are gone"),
    ],
)
async def test_an_odd_update_is_held_and_the_old_book_stays(
    desk: PriceDesk, publisher: Upstream, data: Any, reason: str
) -> None:
    owner = await desk.owner()
    old, version = desk.prices.book, await desk.snapshot_version()
    serve(publisher, data())
    (item,) = (await checked(owner))["items"]
    assert item["state"] == "held"
    assert reason in " | ".join(item["reasons"])
    assert desk.prices.book is old
    assert (await desk.pointer()).book_version is None
    assert await desk.snapshot_version() == version
    assert [row.action for row in await desk.audited()] == ["price_update.held"]
    (again,) = (await checked(owner))["items"]
    assert again["id"] == item["id"]


async def test_a_held_update_is_put_in_force_by_the_operator(
    desk: PriceDesk, publisher: Upstream
) -> None:
    owner = await desk.owner()
    serve(publisher, published([("openai", "gpt-4o", {"input_mtok": "1"})]))
    (item,) = (await checked(owner))["items"]
    told = fine(await owner.call("POST", f"/prices/updates/{item['id']}/accept"))
    assert (told["state"], told["decided_at"]) == ("applied", "2026-11-20T12:00:00Z")
    assert desk.prices.book.version == (await desk.pointer()).book_version == item["version"]
    assert desk.call(owner.workspace_id).cost_usd == Decimal("0.003")
    for verb in ("accept", "reject"):
        problem(await owner.call("POST", f"/prices/updates/{item['id']}/{verb}"), 409)
    actions = [row.action for row in await desk.audited()]
    assert actions == ["price_update.held", "price_update.accepted"]


async def test_a_rejected_update_is_not_found_again(desk: PriceDesk, publisher: Upstream) -> None:
    owner = await desk.owner()
    serve(publisher, published([("openai", "gpt-4o", {"input_mtok": "1"})]))
    (item,) = (await checked(owner))["items"]
    told = fine(await owner.call("POST", f"/prices/updates/{item['id']}/reject"))
    assert told["state"] == "rejected"
    desk.clock.now = NOW + timedelta(days=1)
    assert len((await checked(owner))["items"]) == 1
    assert desk.call(owner.workspace_id).cost_usd == Decimal("0.0045")
    problem(await owner.call("POST", f"/prices/updates/{item['id']}/accept"), 409)
    problem(await owner.call("POST", f"/prices/updates/upd_{new_id()}/accept"), 404)


async def test_a_newer_update_takes_the_place_of_one_that_is_held(
    desk: PriceDesk, publisher: Upstream
) -> None:
    owner = await desk.owner()
    for rate in ("1", "1.5"):
        serve(publisher, published([("openai", "gpt-4o", {"input_mtok": rate})]))
        told = await checked(owner)
    assert [item["state"] for item in told["items"]] == ["held", "rejected"]
    assert told["items"][1]["reasons"][-1] == "A newer update took its place."


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(404), "answered 404"),
        (reply(302, b"", "location: http://elsewhere/"), "answered 302"),
        (b"", "could not be fetched"),
        (reply(200, b"<html>no json</html>"), "cannot be used"),
        (reply(200, b'{"providers": []}'), "not a list of providers"),
        (reply(200, b"[]"), "holds no model"),
        (reply(200, b'[{"id": "x", "models": 5}]'), "cannot be used"),
        (reply(200, b"[" * 100_000), "cannot be used"),
    ],
)
async def test_a_failure_is_told_and_the_old_book_stays(
    desk: PriceDesk, publisher: Upstream, answer: bytes, told: str
) -> None:
    owner = await desk.owner()
    old = desk.prices.book
    publisher.answer = answer
    status = await checked(owner)
    (item,) = status["items"]
    assert (item["state"], item["version"]) == ("failed", None)
    assert item["reasons"] == [status["last_error"]]
    assert told in status["last_error"]
    assert desk.prices.book is old
    assert len((await checked(owner))["items"]) == 1
    serve(publisher, published())
    assert (await checked(owner))["last_error"] is None


async def test_data_beyond_the_bound_is_not_read_to_its_end(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "DATA_MAX", 1000)
    owner = await desk.owner()
    serve(publisher, published())
    assert "larger than" in (await checked(owner))["last_error"]


async def test_an_address_of_the_inner_network_is_not_asked(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await desk.owner()
    monkeypatch.setattr(desk.updates, "_url", f"http://localhost:{publisher.port}/data.json")
    assert "is refused" in (await checked(owner))["last_error"]
    assert publisher.heard == []


async def test_the_key_of_a_mirror_is_not_shown(
    desk: PriceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.updates, "_url", "https://mirror.example/data.json?key=secret#x")
    owner = await desk.owner()
    told = fine(await owner.call("GET", "/prices/updates"))
    assert told["url"] == "https://mirror.example/data.json"


async def test_a_pattern_without_end_takes_a_child_down_and_nothing_else(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "_TIMEOUT_S", 6.0)
    owner = await desk.owner()
    data = with_a_new_model()
    openai = next(found for found in data if found["id"] == "openai")
    endless = "^(([a-z0-9.-])+)+!$"
    trap = {"id": "trap", "match": {"regex": endless}, "prices": {"input_mtok": 1}}
    openai["models"].insert(0, trap)
    serve(publisher, data)
    assert "took longer" in (await checked(owner))["last_error"]
    assert desk.call(owner.workspace_id).cost_usd == Decimal("0.0045")


async def test_the_list_is_the_operators(desk: PriceDesk, publisher: Upstream) -> None:
    owner = await desk.owner()
    serve(publisher, published([("openai", "gpt-4o", {"input_mtok": "1"})]))
    (item,) = (await checked(owner))["items"]
    stranger = await desk.stranger()
    admin = await desk.member("admin@example.com", {owner.workspace_id: "admin"})
    for browser in (stranger, admin):
        assert fine(await browser.call("GET", "/prices/updates"))["may_change"] is False
        for method, path, body in (
            ("PUT", "", {"enabled": True}),
            ("POST", "/check", None),
            ("POST", f"/{item['id']}/accept", None),
            ("POST", f"/{item['id']}/reject", None),
        ):
            problem(await browser.call(method, f"/prices/updates{path}", body), 403)
    assert desk.prices.book.version == load_packaged().version


async def test_where_our_patches_contradict_the_base_book_is_told(desk: PriceDesk) -> None:
    owner = await desk.owner()
    items = fine(await owner.call("GET", "/prices/disagreements"))["items"]
    o3 = next(one for one in items if (one["provider"], one["model"]) == ("openai", "o3"))
    assert (o3["unit"], o3["ours_usd"], o3["theirs_usd"]) == ("cache_read", "2.5", "0.5")
    assert (o3["since"], o3["until"]) == (None, "2025-06-10T00:00:00Z")
    assert o3["source_ours"].startswith("https://")
    assert o3["source_theirs"] == "genai-prices"
    assert o3["per"] == 1_000_000
    assert fine(await owner.call("GET", "/prices/disagreements"))["items"] == items


async def test_the_disagreements_of_an_update_are_kept_with_it(
    desk: PriceDesk, publisher: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await desk.owner()
    serve(publisher, with_a_new_model())
    await checked(owner)
    monkeypatch.setattr("quotah_server.features.prices.disagreements.packaged_unpatched", None)
    items = fine(await owner.call("GET", "/prices/disagreements"))["items"]
    assert ("openai", "o3", "cache_read") in {(i["provider"], i["model"], i["unit"]) for i in items}


def dated(day: str) -> Book:
    """The packaged book as of another day."""
    header, _, rest = load_packaged().data.partition(b"\n")
    told = json.loads(header)
    told["sources"]["as of"] = day
    return Book(json.dumps(told, separators=(",", ":")).encode() + b"\n" + rest)


@pytest.mark.parametrize(
    ("day", "kept"), [("2026-11-19", True), ("2026-11-20", False), ("2026-12-01", False)]
)
async def test_at_start_the_later_of_two_lists_counts(
    desk: PriceDesk, publisher: Upstream, day: str, kept: bool
) -> None:
    owner = await desk.owner()
    serve(publisher, with_a_new_model())
    await checked(owner)
    assert as_of(desk.prices.book) == "2026-11-20"
    version = await desk.snapshot_version()
    await settle(desk.database, desk.shelf, dated(day))
    assert ((await desk.pointer()).book_version is not None) is kept
    assert (await desk.snapshot_version() > version) is not kept


async def test_a_list_that_is_gone_from_the_disk_gives_way_to_the_packaged_one(
    desk: PriceDesk, publisher: Upstream, tmp_path: Path
) -> None:
    owner = await desk.owner()
    serve(publisher, with_a_new_model())
    (item,) = (await checked(owner))["items"]
    (tmp_path / "books" / f"{item['version']}.jsonl").unlink()
    empty = type(desk.shelf)(tmp_path / "books")
    await settle(desk.database, empty, load_packaged())
    pointer = await desk.pointer()
    assert pointer.book_version is None
    assert "not on the disk" in (pointer.last_error or "")
    assert (await desk.audited())[-1].action == "price_list.packaged"
    rows = len(await desk.audited())
    await settle(desk.database, empty, load_packaged())
    assert len(await desk.audited()) == rows
