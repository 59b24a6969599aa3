"""Puts the API together: parts in, a served application out. The one place that knows every feature."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.engine import URL

from quotah_server import __version__
from quotah_server.analytics.ask import Asker
from quotah_server.domain.event import PricedEvent
from quotah_server.entrypoints.mock_host import MockHost
from quotah_server.entrypoints.parts import Parts
from quotah_server.entrypoints.settings import Settings
from quotah_server.features.auth import endpoints as auth
from quotah_server.features.auth.service import ControlAuthenticator, SessionPolicy
from quotah_server.features.gateways import endpoints as gateways
from quotah_server.features.ingest import endpoints as ingest
from quotah_server.features.ingest.body import MAX_BODY
from quotah_server.features.ingest.service import Recorder
from quotah_server.features.keys import endpoints as keys
from quotah_server.features.live import endpoints as live
from quotah_server.features.live.hub import Hub
from quotah_server.features.members import endpoints as members
from quotah_server.features.onboarding import endpoints as onboarding
from quotah_server.features.prices import endpoints as prices
from quotah_server.features.prices.disagreements import Disagreements
from quotah_server.features.prices.service import OwnPrices
from quotah_server.features.prices.updates import PriceUpdates
from quotah_server.features.providers import endpoints as providers
from quotah_server.features.query import endpoints as query
from quotah_server.features.repricing import endpoints as repricing
from quotah_server.features.routes import endpoints as routes
from quotah_server.features.runs import endpoints as runs_endpoints
from quotah_server.features.runs.schemas import RunOut
from quotah_server.features.runs.service import RunService
from quotah_server.features.samples import endpoints as samples
from quotah_server.features.setup import endpoints as setup
from quotah_server.features.setup.service import Instance, address_warnings
from quotah_server.features.sightings.service import Sightings
from quotah_server.features.snapshot.service import SnapshotPublisher
from quotah_server.features.tokens import endpoints as tokens
from quotah_server.features.workspaces import endpoints as workspaces
from quotah_server.http.app import AppOptions, build_app
from quotah_server.http.deps import Toolbox
from quotah_server.http.frame import parse_networks
from quotah_server.pipeline.journal import Journal
from quotah_server.store.control.session import Database

ROUTERS = (
    setup.router,
    auth.router,
    members.router,
    workspaces.router,
    keys.router,
    providers.router,
    routes.router,
    gateways.router,
    onboarding.router,
    samples.router,
    query.router,
    runs_endpoints.router,
    prices.router,
    repricing.router,
    live.router,
    ingest.router,
    tokens.router,
)


class Api:
    """The running API and what the process around it needs of it."""

    def __init__(
        self, app: FastAPI, publisher: SnapshotPublisher, recorder: Recorder, hub: Hub
    ) -> None:
        self.app = app
        self.publisher = publisher
        self._recorder = recorder
        self._hub = hub

    async def take(self, events: list[PricedEvent]) -> dict[str, object]:
        """Store events of the gateway; returns the receipt."""
        result = await asyncio.to_thread(self._recorder.take, events)
        return {
            "accepted": len(result.accepted),
            "duplicates": len(result.duplicates),
            "conflicts": len(result.conflicts),
            "rejected": result.rejected,
        }

    def closing(self) -> None:
        """Let go of long-lived answers, so that the servers can end."""
        self._hub.close()


@asynccontextmanager
async def build_api(parts: Parts) -> AsyncGenerator[Api]:
    """Build the API on open parts; recording, live updates and the mock end with the block."""
    async with AsyncExitStack() as stack:
        runs = RunService(parts.store, parts.shelf)
        hub = Hub(lambda workspace, ids: _live(runs.of_events(workspace, ids)))
        sightings = Sightings(parts.database)
        journal = Journal(parts.folder.api / "journal.db")
        stack.callback(journal.close)
        recorder = Recorder(
            store=parts.store, journal=journal, book_for=parts.prices.book_for, hub=hub,
            listeners=[lambda events: sightings.saw(event.call for event in events)],
        )  # fmt: skip
        recorder.start()
        stack.callback(recorder.close)
        stack.push_async_callback(_ended, asyncio.create_task(sightings.run()))
        mock = MockHost(parts.database, parts.settings.mock_port)
        stack.push_async_callback(mock.close)
        await mock.start_if_wanted()
        publisher = SnapshotPublisher(parts.database, shelf=parts.shelf)
        updates = _updates(parts)
        stack.push_async_callback(_ended, asyncio.create_task(updates.run()))
        toolbox = _toolbox(parts, publisher, runs, hub, recorder, Asker(parts.store), updates)
        app = build_app(_options(parts.settings), toolbox, ROUTERS)
        yield Api(app, publisher, recorder, hub)


async def _ended(job: asyncio.Task[None]) -> None:
    """Cancel a job and wait for its last transaction, which must not outlive the database."""
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


def _toolbox(parts: Parts, *more: object) -> Toolbox:
    settings = parts.settings
    return Toolbox(
        parts.database,
        ControlAuthenticator(parts.database),
        parts.passwords,
        SessionPolicy(settings.session_days),
        Instance(
            version=__version__,
            gateway_url=settings.gateway_base_url,
            api_url=settings.dashboard_url,
            warnings=address_warnings(settings.dashboard_url),
        ),
        parts.vault,
        parts.mock,
        parts.samples,
        parts.repricing,
        parts.shelf,
        parts.prices,
        parts.gateways,
        OwnPrices(parts.database, parts.prices, parts.shelf, parts.store),
        Disagreements(parts.database, parts.prices),
        *more,
    )


def _updates(parts: Parts) -> PriceUpdates:
    url = parts.settings.prices_url
    return PriceUpdates(parts.database, parts.prices, parts.shelf, parts.vault.egress, url)


def _live(found: list[RunOut]) -> list[bytes]:
    return [run.model_dump_json().encode() for run in found]


def schema_app() -> FastAPI:
    """The API's application for its OpenAPI document alone: nothing is opened, nothing answers."""
    database = Database(URL.create("sqlite+aiosqlite", database="unopened.db"))
    toolbox = Toolbox(database, ControlAuthenticator(database))
    return build_app(AppOptions(version=__version__), toolbox, ROUTERS)


def _options(settings: Settings) -> AppOptions:
    return AppOptions(
        version=__version__,
        trusted=parse_networks(settings.trusted_proxies),
        body_limits={"/api/v1/events": MAX_BODY, "/api/v1/tokens": tokens.MAX_BODY},
    )
