"""The event side of the API for tests: the real store, journal and app, one workspace, its keys."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from plane import cheap_passwords

from quotah_server.analytics.ask import Asker
from quotah_server.catalog.book import load_packaged
from quotah_server.domain.ids import parse_id
from quotah_server.domain.scope import Scope
from quotah_server.features.auth.service import ControlAuthenticator
from quotah_server.features.ingest.endpoints import router as ingest
from quotah_server.features.ingest.service import Recorder
from quotah_server.features.keys import service as keys
from quotah_server.features.live.endpoints import router as live
from quotah_server.features.live.hub import Hub
from quotah_server.features.query.endpoints import router as query
from quotah_server.features.repricing.endpoints import router as repricing
from quotah_server.features.repricing.service import RepriceService
from quotah_server.features.runs.endpoints import router as runs
from quotah_server.features.runs.service import RunService
from quotah_server.features.setup import service as setup
from quotah_server.features.workspaces import service as workspaces
from quotah_server.http.app import PREFIX, AppOptions, build_app
from quotah_server.http.deps import SYSTEM, Toolbox
from quotah_server.pipeline.journal import Journal
from quotah_server.pipeline.prices import Prices
from quotah_server.store.books import BookShelf
from quotah_server.store.control import migrate
from quotah_server.store.control.session import Database, control_url
from quotah_server.store.events.duckdb import DuckDBEventStore

VISIBLE_S = 2.0
"""Within this time after the acknowledgement an event can be asked for."""


class Accounts(msgspec.Struct, frozen=True):
    """Who there is in a prepared control database. admin, ingest, foreign: keys."""

    file: Path
    workspace_id: str
    project_id: str
    admin: str
    ingest: str
    foreign: str


class Rig:
    """What a test talks to. admin, ingest: headers that sign; foreign: an admin key elsewhere."""

    def __init__(self, folder: Path, database: Database, accounts: Accounts) -> None:
        self.database = database
        self.store = DuckDBEventStore(folder / "events.duckdb")
        self.shelf = BookShelf(folder / "books")
        self.book = load_packaged()
        self.prices = Prices(self.book, self.shelf.put)
        self.journal = Journal(folder / "journal.db")
        self.runs = RunService(self.store, self.shelf)
        self.hub = Hub(self._render)
        self.repricing = RepriceService(database, self.store, self.prices)
        self.recorder = Recorder(
            store=self.store, journal=self.journal, book_for=self.prices.book_for, hub=self.hub
        )
        self.app = build_app(
            AppOptions(version="test", body_limits={f"{PREFIX}/events": 9_000_000}),
            Toolbox(
                database,
                ControlAuthenticator(database),
                Asker(self.store),
                self.runs,
                self.hub,
                self.recorder,
                self.repricing,
            ),
            [ingest, query, runs, live, repricing],
        )
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=True)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://quotah")
        self.workspace_id, self.project_id = accounts.workspace_id, accounts.project_id
        self.admin, self.ingest = signed(accounts.admin), signed(accounts.ingest)
        self.foreign = signed(accounts.foreign)
        self.recorder.start()

    async def close(self) -> None:
        await self.client.aclose()
        await self.repricing.close()
        await asyncio.to_thread(self.recorder.close)
        self.journal.close()
        self.store.close()
        await self.database.close()

    async def send(self, *events: dict[str, Any], **headers: str) -> httpx2.Response:
        return await self.call("POST", "/events", json=list(events), headers=self.ingest | headers)

    async def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        more.setdefault("headers", self.admin)
        return await self.client.request(method, PREFIX + path, **more)

    async def visible(self, events: int) -> None:
        """Wait until so many events are stored; fails when that takes longer than promised."""
        await eventually(lambda: self.store.count() >= events)

    def _render(self, workspace_id: str, event_ids: Any) -> list[bytes]:
        found = self.runs.of_events(workspace_id, event_ids)
        return [run.model_dump_json().encode() for run in found]


async def make_accounts(folder: Path) -> Accounts:
    """A control database with two workspaces and their keys, to be copied."""
    file = folder / "control.sqlite"
    url = control_url(None, file)
    migrate.upgrade(url)
    database = Database(url)
    made = await setup.init(
        database,
        cheap_passwords(),
        email="ann@example.com",
        password="long enough for a test",
        workspace_name="Acme",
    )
    workspace_id = parse_id(made.workspace_id, "ws")
    async with database.transaction() as session:
        other = await workspaces.create(
            session, SYSTEM, owner_id=parse_id(made.member_id, "mem"), name="Other"
        )
        here, elsewhere = Scope(workspace_id), Scope(other.workspace_id)
        mine = await keys.create(session, SYSTEM, here, kind="ingest", name="i")
        theirs = await keys.create(session, SYSTEM, elsewhere, kind="admin", name="a")
    await database.close()
    return Accounts(
        file, workspace_id, made.project_id, made.admin_token or "", mine.key, theirs.key
    )


@asynccontextmanager
async def open_rig(folder: Path, accounts: Accounts) -> AsyncGenerator[Rig]:
    file = folder / "control.sqlite"
    shutil.copy(accounts.file, file)
    rig = Rig(folder, Database(control_url(None, file)), accounts)
    try:
        yield rig
    finally:
        await rig.close()


def signed(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def eventually(holds: Callable[[], bool], within_s: float = VISIBLE_S) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.01)


def sent(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An event as an application sends it: 1,000 tokens in and 200 out of gpt-4o, $0.0045."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    event = {
        "id": f"call-{number}",
        "provider": "openai",
        "operation": "chat",
        "model": "gpt-4o",
        "status": "success",
        "http_status": 200,
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
        "started_at": at.isoformat(),
        "ended_at": (at + timedelta(seconds=2)).isoformat(),
    }
    return {**event, **changes}
