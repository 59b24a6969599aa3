"""Sample data over HTTP: who may load it, what is said meanwhile, and that one click removes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from plane import ORIGIN, ROUTERS, Browser, Plane, bearer

from quotah_server.catalog.book import Book
from quotah_server.features.auth.service import ControlAuthenticator
from quotah_server.features.providers.service import MockOrigin
from quotah_server.features.samples.endpoints import router
from quotah_server.features.samples.service import Samples
from quotah_server.features.setup.service import Instance
from quotah_server.http.app import AppOptions, build_app
from quotah_server.http.deps import Toolbox
from quotah_server.pipeline.prices import Prices
from quotah_server.store.events.duckdb import DuckDBEventStore

DEADLINE_S = 30.0
SMALL = {"events": 2_000, "days": 7}
NOTHING = {"workspace_id": None, "events": 0, "state": "none", "progress": 0.0}


@pytest.fixture
async def plane(sqlite_plane: Plane, tmp_path: Path, book: Book) -> AsyncIterator[Plane]:
    """A control plane that can load samples."""
    database = sqlite_plane.database
    store = DuckDBEventStore(tmp_path / "events.duckdb")
    samples = Samples(database, store, Prices(book))
    toolbox = Toolbox(
        database, ControlAuthenticator(database), sqlite_plane.passwords, sqlite_plane.policy,
        Instance("0.0.0", "http://127.0.0.1:8401", ORIGIN), sqlite_plane.vault,
        MockOrigin("http://127.0.0.1:8402"), sqlite_plane.publisher, samples,
    )  # fmt: skip
    sqlite_plane.app = build_app(AppOptions("0.0.0"), toolbox, [*ROUTERS, router])
    yield sqlite_plane
    await samples.close()
    store.close()


async def loaded(browser: Browser) -> dict[str, Any]:
    """The status once no load runs."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            status = (await browser.call("GET", "/samples")).json()
            if status["state"] != "loading":
                return status
            assert 0 <= status["progress"] <= 1
            await asyncio.sleep(0.01)


async def test_sample_data_is_loaded_and_removed_by_one_request_each(plane: Plane) -> None:
    browser = await plane.owner()
    assert (await browser.call("GET", "/samples")).json() == NOTHING

    begun = await browser.call("POST", "/samples", SMALL)
    assert begun.status_code == 202
    assert begun.json()["state"] == "loading"
    status = await loaded(browser)
    assert (status["state"], status["events"], status["progress"]) == ("ready", 2_000, 1.0)
    shown = (await browser.call("GET", "/me")).json()["workspaces"]
    assert [(one["id"], one["is_sample"]) for one in shown] == [
        (browser.workspace_id, False),
        (status["workspace_id"], True),
    ]

    assert (await browser.call("DELETE", "/samples")).status_code == 204
    assert (await browser.call("GET", "/samples")).json() == NOTHING
    assert len((await browser.call("GET", "/me")).json()["workspaces"]) == 1


async def test_a_second_load_is_a_conflict_with_the_way_out(plane: Plane) -> None:
    browser = await plane.owner()
    await browser.call("POST", "/samples", SMALL)
    await loaded(browser)
    refused = await browser.call("POST", "/samples", SMALL)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "Remove it" in refused.json()["hint"]


async def test_one_members_sample_is_nobody_elses(plane: Plane) -> None:
    owner, stranger = await plane.owner(), await plane.stranger()
    await owner.call("POST", "/samples", SMALL)
    await loaded(owner)
    assert (await stranger.call("GET", "/samples")).json() == NOTHING
    assert (await stranger.call("DELETE", "/samples")).status_code == 204
    assert (await loaded(owner))["events"] == 2_000


async def test_a_key_cannot_load_a_sample(plane: Plane) -> None:
    browser = await plane.owner()
    key = (await plane.key(browser, "admin"))["key"]
    refused = await Browser(plane.client()).call("POST", "/samples", SMALL, headers=bearer(key))
    assert refused.status_code == 403


@pytest.mark.parametrize(("field", "value"), [("events", 0), ("days", 366), ("seed", -1)])
async def test_a_number_out_of_its_range_is_named(plane: Plane, field: str, value: int) -> None:
    browser = await plane.owner()
    refused = await browser.call("POST", "/samples", {**SMALL, field: value})
    assert (refused.status_code, refused.json()["field"]) == (422, field)
