"""Which of two list books counts when Quotah starts: an update's, or the one of a newer release."""

from __future__ import annotations

import asyncio

import structlog

from quotah_server.catalog.book import Book
from quotah_server.features.audit import service as audit
from quotah_server.features.prices import repository
from quotah_server.features.snapshot import service as snapshot
from quotah_server.http.deps import SYSTEM
from quotah_server.store.books import BookShelf
from quotah_server.store.control.session import Database

_log = structlog.get_logger("quotah.prices")
_GONE = "The updated price book is not on the disk any more; the packaged one counts."


async def settle(database: Database, shelf: BookShelf, packaged: Book) -> None:
    """At start: let the packaged list count again where the updated one is gone or is not newer.

    The later ``as of`` wins; on the same day the packaged one, whose patches are newer.
    """
    async with database.transaction() as session:
        row = await repository.price_list(session, lock=True)
        if row.book_version is None:
            return
        book = await asyncio.to_thread(shelf.get, row.book_version)
        if book is not None and as_of(book) > as_of(packaged):
            return
        if book is None:
            row.last_error = _GONE
            _log.error("price_book_missing", version=row.book_version)
        audit.record(
            session, SYSTEM, "price_list.packaged", ("price_list", None),
            before={"book_version": row.book_version}, after={"book_version": packaged.version},
        )  # fmt: skip
        row.book_version = None
        await snapshot.touch(session)


def as_of(book: Book) -> str:
    """The ISO day on which a book's prices were last looked at; "" where it does not say."""
    return book.sources.get("as of", "")


def same_prices(one: bytes, other: bytes) -> bool:
    """Whether two books differ in their header at most."""
    return one.partition(b"\n")[2] == other.partition(b"\n")[2]
