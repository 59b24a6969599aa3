"""The long-lived parts of the control side, opened and closed in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints.instance import DataFolder
from quotah_server.entrypoints.ring import find_ring, make_ring, refuse_unreadable
from quotah_server.entrypoints.settings import Settings
from quotah_server.features.auth.passwords import Passwords
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.prices.settling import settle
from quotah_server.features.providers.service import MockOrigin, Vault, unreadable
from quotah_server.features.repricing.service import RepriceService
from quotah_server.features.samples.service import Samples
from quotah_server.features.terms import repository as terms
from quotah_server.kit.crypto import KeyRing
from quotah_server.net.egress import Egress
from quotah_server.pipeline.prices import Prices
from quotah_server.store.books import BookShelf
from quotah_server.store.control.migrate import upgrade
from quotah_server.store.control.session import Database, control_url
from quotah_server.store.events.duckdb import DuckDBEventStore

_log = structlog.get_logger("quotah.parts")


@dataclass(frozen=True, slots=True)
class Parts:
    """What both the API and a command on an idle data folder work with."""

    settings: Settings
    folder: DataFolder
    database: Database
    store: DuckDBEventStore
    ring: KeyRing
    passwords: Passwords
    shelf: BookShelf
    prices: Prices
    vault: Vault
    mock: MockOrigin
    samples: Samples
    repricing: RepriceService
    gateways: Gateways


def refuse_scaled_settings(settings: Settings) -> None:
    """Say at once that a setting names a store this version does not run on."""
    for name, value in (("EVENTS_URL", settings.events_url), ("REDIS_URL", settings.redis_url)):
        if value:
            raise StartupError(
                f"QUOTAH_{name} is set, but this version keeps events in DuckDB and counters in "
                "memory only: unset it."
            )


def mock_url(settings: Settings) -> str:
    """Where the built-in mock provider listens: always on this machine alone."""
    return f"http://127.0.0.1:{settings.mock_port}"


async def open_prices(database: Database, shelf: BookShelf) -> Prices:
    """The books that price now: the list book in force under each workspace's terms, all on the shelf."""
    async with database.transaction() as session:
        version = await terms.book_version(session)
        by_workspace = await terms.all_terms(session)

    def opened() -> Prices:
        prices = Prices(load_packaged(), shelf.put)
        book = shelf.get(version) if version else prices.book
        if book is None:
            _log.error("price_book_missing", version=version)
        prices.replace(book or prices.book, by_workspace)
        return prices

    return await asyncio.to_thread(opened)


@asynccontextmanager
async def open_parts(
    settings: Settings, folder: DataFolder, *, giving_up_keys: bool = False
) -> AsyncGenerator[Parts]:
    """Open everything, migrating both stores; close it in the reverse order.

    giving_up_keys: start also where stored provider keys do not open, in order to remove them.
    """
    refuse_scaled_settings(settings)
    found_ring = find_ring(settings, folder)
    url = control_url(settings.database_url, folder.control_db)
    await asyncio.to_thread(upgrade, url)
    database = Database(url)
    try:
        if not giving_up_keys:
            async with database.transaction() as session:
                refuse_unreadable(settings, folder, len(await unreadable(session, found_ring)))
        ring = found_ring or make_ring(folder)
        store = await asyncio.to_thread(DuckDBEventStore, folder.events_db)
        shelf = BookShelf(folder.books)
        await settle(database, shelf, load_packaged())
        prices = await open_prices(database, shelf)
        samples = Samples(database, store, prices)
        repricing = RepriceService(database, store, prices)
        try:
            yield Parts(
                settings=settings,
                folder=folder,
                database=database,
                store=store,
                ring=ring,
                passwords=Passwords(),
                shelf=shelf,
                prices=prices,
                vault=Vault(database, ring, Egress(settings.egress_rules)),
                mock=MockOrigin(mock_url(settings)),
                samples=samples,
                repricing=repricing,
                gateways=Gateways(database),
            )
        finally:
            await repricing.close()
            await samples.close()
            await asyncio.to_thread(store.close)
    finally:
        await database.close()
