"""Newer list prices: looked for when the operator wants it, held where they are odd.

The old book stays in force until a new one is wholly there: compiled, compared, on the shelf.
"""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.book import Book
from quotah_server.catalog.compare import Findings, RateChange
from quotah_server.domain.errors import ConflictError, QuotahError
from quotah_server.domain.money import usd_text
from quotah_server.features.audit import service as audit
from quotah_server.features.prices import repository
from quotah_server.features.prices.compiling import CompileError, compiled, judged
from quotah_server.features.prices.disagreements import disagreement_out
from quotah_server.features.prices.schemas import (
    ChangeOut,
    UpdateOut,
    UpdatesOut,
)
from quotah_server.features.prices.settling import as_of, same_prices
from quotah_server.features.snapshot import service as snapshot
from quotah_server.http.deps import SYSTEM, Actor
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.net.egress import Egress, UnreachableError
from quotah_server.pipeline.prices import Prices
from quotah_server.store.books import BookShelf
from quotah_server.store.control.session import Database

CHANGES_SHOWN = 200
DATA_MAX = 20_000_000
EVERY_S = 24 * 3600.0
_LOOK_EVERY_S = 600.0
_SETTLED_S = 60.0
_OK = 200
_log = structlog.get_logger("quotah.prices")


class _FailedError(Exception):
    """No newer prices could be had. ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Found(msgspec.Struct, frozen=True):
    """A book that is newer than the one in force, and what is to be said of it."""

    book: Book
    old: Book
    findings: Findings


class PriceUpdates:
    """Renews the list book of an instance.

    url: genai-prices' published data. egress: the way there.
    """

    def __init__(
        self,
        database: Database,
        prices: Prices,
        shelf: BookShelf,
        egress: Egress,
        url: str,
        now: Clock = utc_now,
    ) -> None:
        self._database = database
        self._prices = prices
        self._shelf = shelf
        self._egress = egress
        self._url = url
        self._now = now
        self._one = asyncio.Lock()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Look for newer prices once a day while that is wanted, until cancelled."""
        wait_s = _SETTLED_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)
            self._wake.clear()
            wait_s = _LOOK_EVERY_S
            try:
                if await self._is_due():
                    await self.check()
            except Exception as error:  # noqa: BLE001 -- whatever goes wrong, tomorrow is another day
                _log.error("price_update_failed", error=type(error).__name__)

    async def status(self, *, may_change: bool) -> UpdatesOut:
        """Whether updates are on, and what was found."""
        async with self._database.transaction() as session:
            row = await repository.price_list(session)
            rows = await repository.updates(session)
        return UpdatesOut(
            enabled=row.updates_enabled, url=_plain(self._url), last_checked_at=row.checked_at,
            last_error=row.last_error, may_change=may_change,
            items=[repository.shown_update(found) for found in rows],
        )  # fmt: skip

    async def enable(self, actor: Actor, *, enabled: bool) -> None:
        """Turn the daily look on or off."""
        async with self._database.transaction() as session:
            row = await repository.price_list(session, lock=True)
            if row.updates_enabled is not enabled:
                audit.record(
                    session, actor, "price_updates.changed", ("price_list", None),
                    before={"enabled": row.updates_enabled}, after={"enabled": enabled},
                )  # fmt: skip
                row.updates_enabled = enabled
        if enabled:
            self._wake.set()

    async def check(self, actor: Actor = SYSTEM) -> None:
        """Look for newer prices now. What comes of it, failures too, is told by ``status``."""
        async with self._one:
            try:
                found = await self._look()
            except _FailedError as error:
                _log.warning("price_update_failed", reason=error.reason)
                await self._note_failure(error.reason)
                return
            if found is None:
                async with self._database.transaction() as session:
                    await self._note_check(session)
                return
            async with self._database.transaction() as session:
                await self._note_check(session)
                await self._keep(session, actor, found)
            if not found.findings.reasons:
                await asyncio.to_thread(self._prices.set_book, found.book)
            _log.info(
                "price_update_found", version=found.book.version, held=bool(found.findings.reasons)
            )

    async def accept(self, actor: Actor, update_id: str) -> UpdateOut:
        """Put a held update in force. Raises NotFoundError, ConflictError."""
        async with self._one:
            async with self._database.transaction() as session:
                row = await repository.update(session, update_id)
                _must_be_held(row.state)
                book = await asyncio.to_thread(self._shelf.get, row.book_version or "")
                if book is None:
                    raise ConflictError("The book of this update is gone: look for updates again.")
                if as_of(book) < as_of(self._prices.book):
                    raise ConflictError(
                        "The list in force is newer than this update: look for updates again."
                    )
                row.state, row.decided_at, row.decided_by = "applied", self._now(), _member(actor)
                await self._point(session, actor, "price_update.accepted", row.id, book)
                await session.flush()
                shown = repository.shown_update(row)
            await asyncio.to_thread(self._prices.set_book, book)
        return shown

    async def reject(self, actor: Actor, update_id: str) -> UpdateOut:
        """Leave a held update alone for good. Raises NotFoundError, ConflictError."""
        async with self._one, self._database.transaction() as session:
            row = await repository.update(session, update_id)
            _must_be_held(row.state)
            row.state, row.decided_at, row.decided_by = "rejected", self._now(), _member(actor)
            audit.record(
                session, actor, "price_update.rejected", ("price_update", row.id),
                before={"state": "held"}, after={"state": "rejected"},
            )  # fmt: skip
            await session.flush()
            return repository.shown_update(row)

    # --- looking ----------------------------------------------------------------------------------

    async def _is_due(self) -> bool:
        async with self._database.transaction() as session:
            row = await repository.price_list(session)
            if not row.updates_enabled:
                return False
            return row.checked_at is None or (
                (self._now() - row.checked_at).total_seconds() >= EVERY_S
            )

    async def _look(self) -> _Found | None:
        """What is newer than the list in force and was not found before; None: nothing."""
        data = await self._download()
        today = self._now().date()
        old = self._prices.book
        try:
            new = await compiled(data, today)
            if same_prices(new.book.data, old.data) or await self._was_found(new.book):
                return None
            found = _Found(new.book, old, await judged(old, new, today))
            # On the shelf before anything can cite it.
            await asyncio.to_thread(self._shelf.put, found.book)
        except CompileError as error:
            raise _FailedError(error.reason) from error
        except OSError as error:
            raise _FailedError(f"Newer prices cannot be kept: {error.strerror}.") from error
        return found

    async def _download(self) -> bytes:
        try:
            await self._egress.check(self._url)
            answer = await self._egress.get(self._url, headers={}, answer_max=DATA_MAX)
        except UnreachableError as error:
            raise _FailedError(
                f"The published prices could not be fetched. {error.reason}"
            ) from error
        except QuotahError as error:
            raise _FailedError(
                f"The address of the published prices is refused. {error.message}"
            ) from error
        if answer.status != _OK:
            raise _FailedError(f"The address of the published prices answered {answer.status}.")
        if answer.cut:
            raise _FailedError(f"The published prices are larger than {DATA_MAX:,} bytes.")
        return answer.body

    async def _was_found(self, book: Book) -> bool:
        """Whether the same prices are held, or were rejected."""
        async with self._database.transaction() as session:
            rows = await repository.updates(session)
        for row in rows:
            if row.state in ("held", "rejected") and row.book_version:
                data = await asyncio.to_thread(self._shelf.data, row.book_version)
                if data is not None and same_prices(data, book.data):
                    return True
        return False

    # --- writing ----------------------------------------------------------------------------------

    async def _note_check(self, session: AsyncSession) -> None:
        row = await repository.price_list(session, lock=True)
        row.checked_at, row.last_error = self._now(), None

    async def _note_failure(self, reason: str) -> None:
        """A failure that repeats itself is one entry, of the last time."""
        async with self._database.transaction() as session:
            row = await repository.price_list(session, lock=True)
            row.checked_at, row.last_error = self._now(), reason
            newest = next(iter(await repository.updates(session)), None)
            if newest and newest.state == "failed" and newest.reasons["items"] == [reason]:
                newest.found_at = self._now()
                return
            await repository.add_update(session, "failed", self._now(), reasons=[reason])

    async def _keep(self, session: AsyncSession, actor: Actor, found: _Found) -> None:
        for row in await repository.updates(session):
            if row.state == "held":
                row.state, row.decided_at = "rejected", self._now()
                row.reasons = {"items": [*row.reasons["items"], "A newer update took its place."]}
        comparison, reasons = found.findings.comparison, found.findings.reasons
        state = "held" if reasons else "applied"
        contradictions = [disagreement_out(one) for one in found.findings.disagreements]
        row = await repository.add_update(
            session, state, self._now(), base_version=found.old.version,
            book_version=found.book.version, reasons=reasons,
            changes=[_change(one).model_dump() for one in comparison.changes[:CHANGES_SHOWN]],
            disagreements=[one.model_dump(mode="json") for one in contradictions],
            changed=len(comparison.changes), added=len(comparison.added),
            removed=len(comparison.removed),
        )  # fmt: skip
        if reasons:
            audit.record(
                session, actor, "price_update.held", ("price_update", row.id),
                after={"book_version": found.book.version, "reasons": reasons},
            )  # fmt: skip
        else:
            row.decided_at = self._now()
            await self._point(session, actor, "price_update.applied", row.id, found.book)

    async def _point(
        self, session: AsyncSession, actor: Actor, action: str, update_id: str, book: Book
    ) -> None:
        """Let a book on the shelf be the list in force."""
        pointer = await repository.price_list(session, lock=True)
        audit.record(
            session, actor, action, ("price_update", update_id),
            before={"book_version": self._prices.book.version},
            after={"book_version": book.version},
        )  # fmt: skip
        pointer.book_version = book.version
        await snapshot.touch(session)


def _plain(url: str) -> str:
    """An address without its query: a mirror's may hold a key."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _must_be_held(state: str) -> None:
    if state != "held":
        raise ConflictError(f"This update is not held; it is {state}.")


def _member(actor: Actor) -> str | None:
    return actor.id if actor.kind == "member" else None


def _change(change: RateChange) -> ChangeOut:
    return ChangeOut(
        provider=change.provider, model=change.model, unit=change.unit,
        old_usd=_text(change.old_usd), new_usd=_text(change.new_usd), when=change.when,
        ratio=None if change.ratio is None else _text(round(change.ratio, 6)),
    )  # fmt: skip


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else usd_text(amount)
