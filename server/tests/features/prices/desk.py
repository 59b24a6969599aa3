"""The API of prices for tests: the real app over a real SQLite and a real DuckDB, a real way out."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from fastapi import FastAPI
from genai_prices import types as genai
from genai_prices.data import providers as genai_providers
from plane import Plane
from sqlalchemy import select
from upstream import Upstream

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import id_at, parse_id
from quotah_server.features.auth.endpoints import router as auth
from quotah_server.features.auth.service import ControlAuthenticator
from quotah_server.features.keys.endpoints import router as keys
from quotah_server.features.members.endpoints import router as members
from quotah_server.features.prices.disagreements import Disagreements
from quotah_server.features.prices.endpoints import router as prices_router
from quotah_server.features.prices.service import OwnPrices
from quotah_server.features.prices.updates import PriceUpdates
from quotah_server.features.setup import service as setup
from quotah_server.features.setup.endpoints import router as setup_router
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces.endpoints import router as workspaces
from quotah_server.http.app import AppOptions, build_app
from quotah_server.http.deps import Toolbox
from quotah_server.net.addresses import parse_rules
from quotah_server.net.egress import Egress
from quotah_server.pipeline.prices import Prices
from quotah_server.pipeline.record import record
from quotah_server.store.books import BookShelf
from quotah_server.store.control.models import AuditRow, PriceListRow
from quotah_server.store.control.session import Database
from quotah_server.store.events.duckdb import DuckDBEventStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROUTERS = [setup_router, auth, members, workspaces, keys, prices_router]


class Clock:
    """The time as a test sets it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class PriceDesk(Plane):
    """The control plane with prices, an event store, and a publisher of newer prices."""

    def __init__(self, folder: Path, database: Database, publisher: Upstream) -> None:
        self.clock = Clock()
        self.store = DuckDBEventStore(folder / "events.duckdb")
        self.shelf = BookShelf(folder / "books")
        self.prices = Prices(load_packaged(), self.shelf.put)
        self.url = f"http://{publisher.origin}/data.json"
        self.egress = Egress(parse_rules("", publisher.origin))
        self.own = OwnPrices(database, self.prices, self.shelf, self.store, self.clock)
        self.updates = PriceUpdates(
            database, self.prices, self.shelf, self.egress, self.url, self.clock
        )
        super().__init__(database)

    def build(self, options: AppOptions | None = None) -> FastAPI:
        toolbox = Toolbox(
            self.database,
            ControlAuthenticator(self.database),
            self.passwords,
            self.policy,
            setup.Instance("0.0.0", "http://127.0.0.1:8401", "http://127.0.0.1:8400"),
            self.vault,
            self.own,
            self.updates,
            Disagreements(self.database, self.prices, self.clock),
        )
        return build_app(options or AppOptions("0.0.0"), toolbox, ROUTERS)

    async def close(self) -> None:
        self.store.close()
        await super().close()

    def call(self, workspace: str, model: str = "gpt-4o", **more: Any) -> PricedEvent:
        """Store a call of 1,000 tokens in and 200 out, priced by the workspace's book."""
        at = more.pop("at", self.clock.now - timedelta(days=1))
        workspace_id = parse_id(workspace, "ws")
        number = self.store.count()
        event_id = id_at(at, number.to_bytes(10, "big"))
        call = Call(
            event_id=event_id, call_id=event_id, door="api", provider=more.pop("provider", "openai"),
            operation="chat", started_at=at, ended_at=at, status="success",
            model_requested=more.pop("asked", model), model_response=model,
            attribution=Attribution(workspace_id=workspace_id, project_id=more.pop("project_id", "p")),
            raw_usage={"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}, **more,
        )  # fmt: skip
        event = record(call, self.prices.book_for(workspace_id))
        self.store.append([event])
        return event

    async def audited(self) -> list[AuditRow]:
        async with self.database.transaction() as session:
            query = select(AuditRow).where(AuditRow.action.like("price%")).order_by(AuditRow.id)
            return list(await session.scalars(query))

    async def snapshot_version(self) -> int:
        async with self.database.transaction() as session:
            return (await snapshot.build(session)).version

    async def pointer(self) -> PriceListRow:
        async with self.database.transaction() as session:
            return (await session.scalars(select(PriceListRow))).one()


@asynccontextmanager
async def open_desk(
    folder: Path, database: Database, publisher: Upstream
) -> AsyncGenerator[PriceDesk]:
    desk = PriceDesk(folder, database, publisher)
    try:
        yield desk
    finally:
        await desk.close()


def published(changes: Sequence[tuple[str, str, dict[str, str]]] = ()) -> list[dict[str, Any]]:
    """genai-prices' own data as it is published, with rates changed: (provider, model, key → rate)."""
    found = msgspec.json.decode(_published())
    for provider, model, rates in changes:
        entry = model_of(found, provider, model)
        entry["prices"] = {**entry["prices"], **{key: float(rate) for key, rate in rates.items()}}
    return found


def model_of(data: list[dict[str, Any]], provider: str, model: str) -> dict[str, Any]:
    """The entry of a model in published data."""
    models = next(found["models"] for found in data if found["id"] == provider)
    return next(found for found in models if found["id"] == model)


@cache
def _published() -> bytes:
    return msgspec.json.encode([_raw(provider) for provider in genai_providers])


def _raw(value: Any) -> Any:
    if isinstance(value, genai.ModelPrice):
        return {key: _raw(rate) for key, rate in vars(value).items() if rate is not None}
    if dataclasses.is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {
            name.rstrip("_"): _raw(found)
            for name, found in named.items()
            if found is not None and name != "extractors"
        }
    if isinstance(value, list | tuple):
        return [_raw(item) for item in value]
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else value


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """A refusal with the status expected."""
    assert response.status_code == status, response.text
    return response.json()


def fine(response: httpx2.Response, status: int = 200) -> Any:
    """The body of an answer with the status expected."""
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def tested_book() -> Book:
    """The packaged list."""
    return load_packaged()
