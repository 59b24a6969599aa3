"""Price stored calls again: tell what that would change, or do it, once at a time.

The old events stay, with new costs; what changed is written down as corrections beside them
(``EventStore.corrections``). It works in a thread of its own, while calls go on being stored.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, TypeVar

import structlog

from quotah_server.analytics.period import Span
from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.overrides import ANY
from quotah_server.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    UnavailableError,
)
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.money import usd_text
from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.repricing import repository
from quotah_server.features.repricing.repository import StoredEvents
from quotah_server.features.repricing.run import Aim, Pass, StoppedError, Tallies, Tally, run
from quotah_server.features.repricing.schemas import (
    AppliedReprice,
    RepriceIn,
    RepriceList,
    RepriceOut,
    RepriceRow,
    RepriceTotals,
)
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.prices import Prices
from quotah_server.store.control.models import RepricingRow
from quotah_server.store.control.session import Database
from quotah_server.store.events.base import EventStore

_log = structlog.get_logger("quotah.repricing")
_THREADS = 2
"""One that applies, one that tells what would change."""
_Result = TypeVar("_Result")


class RepriceService:
    """Re-pricing of one instance. Close it, so that what runs ends between two pages."""

    def __init__(
        self, database: Database, store: EventStore, prices: Prices, clock: Clock = utc_now
    ) -> None:
        self._database, self._store, self._prices, self._clock = database, store, prices, clock
        self._events = StoredEvents(store)
        self._threads = ThreadPoolExecutor(_THREADS, "reprice")
        self._stop = threading.Event()
        self._running: str | None = None
        self._task: asyncio.Task[RepriceOut] | None = None

    async def plan(self, scope: Scope, wanted: RepriceIn) -> RepriceOut:
        """What pricing these calls by the prices of now would change. Changes nothing."""
        found = await self._in_thread(
            lambda: run(self._pass(scope, wanted), self._events, self._stopping)
        )
        return _told(found, None)

    async def apply(self, actor: Actor, scope: Scope, wanted: RepriceIn) -> RepriceOut:
        """Price these calls by the prices of now; goes on to its end though the caller goes away.

        Raises ConflictError while another one runs.
        """
        if self._running is not None:
            raise ConflictError("Stored calls are being priced again already: wait for its end.")
        # Worked out before anything is written, as it refuses what makes no sense.
        passed = self._pass(scope, wanted)
        self._running = reprice_id = new_id()
        self._task = asyncio.create_task(self._apply(actor, wanted, passed, reprice_id))
        return await asyncio.shield(self._task)

    async def listed(self, scope: Scope) -> RepriceList:
        """What was applied, newest first. Raises ForbiddenError for a key of one project: sums are of all."""
        if scope.project_id is not None:
            raise ForbiddenError(
                "What was priced again is of the whole workspace; your key is not."
            )
        async with self._database.transaction() as session:
            rows = await repository.listed(session, scope)
        return RepriceList(items=[await self._listed(scope, row) for row in rows])

    async def close(self) -> None:
        """End what runs, between two pages."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        await asyncio.to_thread(self._threads.shutdown)

    # --- how ------------------------------------------------------------------------------------

    def _stopping(self) -> bool:
        return self._stop.is_set()

    def _pass(self, scope: Scope, wanted: RepriceIn) -> Pass:
        if wanted.from_ >= wanted.to:
            raise InvalidInputError("to must be later than from.", field="to")
        book = self._prices.book_for(scope.workspace_id)
        provider = None if wanted.provider in (None, ANY) else canonical(wanted.provider)
        return Pass(scope, Span(wanted.from_, wanted.to), Aim(book, provider, wanted.model), book)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except StoppedError as error:
            raise UnavailableError("Quotah is being stopped: try again when it runs.") from error

    async def _apply(
        self, actor: Actor, wanted: RepriceIn, passed: Pass, reprice_id: str
    ) -> RepriceOut:
        began = time.monotonic()
        try:
            await self._begun(actor, wanted, passed, reprice_id)
            found = await self._in_thread(
                lambda: run(
                    passed,
                    self._events,
                    self._stopping,
                    lambda changes: self._store.reprice(changes, reprice_id),
                )
            )
            told = _told(found, reprice_id)
            async with self._database.transaction() as session:
                row = await session.get_one(RepricingRow, reprice_id)
                row.finished_at, row.totals = self._clock(), told.totals.model_dump()
        finally:
            self._running = None
        _log.info(
            "repriced", reprice_id=reprice_id, events=told.totals.events,
            changed=told.totals.changed, seconds=round(time.monotonic() - began, 1),
        )  # fmt: skip
        return told

    async def _begun(self, actor: Actor, wanted: RepriceIn, passed: Pass, reprice_id: str) -> None:
        """Write down what is about to be done, before it is."""
        workspace_id, span, book = passed.scope.workspace_id, passed.span, passed.book
        told = {
            "from": span.start.isoformat(), "to": span.end.isoformat(),
            "provider": wanted.provider, "model": wanted.model, "book_version": book.version,
        }  # fmt: skip
        async with self._database.transaction() as session:
            session.add(
                RepricingRow(
                    id=reprice_id, workspace_id=workspace_id, applied_at=self._clock(),
                    finished_at=None, starts_at=span.start, ends_at=span.end,
                    provider=wanted.provider, model=wanted.model, book_version=book.version,
                    totals={},
                )
            )  # fmt: skip
            audit.record(
                session, actor, "prices.repriced", ("reprice", reprice_id),
                workspace_id=workspace_id, after=told,
            )  # fmt: skip

    async def _listed(self, scope: Scope, row: RepricingRow) -> AppliedReprice:
        if row.finished_at is not None:
            state, totals = "done", RepriceTotals(**row.totals)
        else:
            state = "running" if row.id == self._running else "unfinished"
            done = await asyncio.to_thread(self._events.corrected, scope, row.id)
            totals = RepriceTotals(
                events=done.events, changed=done.events, old_usd=usd_text(done.old_usd),
                new_usd=usd_text(done.new_usd), priced_before=done.priced_before,
                priced_after=done.priced_after,
            )  # fmt: skip
        return AppliedReprice(
            reprice_id=prefixed("reprice", row.id), applied_at=row.applied_at, state=state,
            from_=row.starts_at, to=row.ends_at, provider=row.provider, model=row.model,
            totals=totals,
        )  # fmt: skip


def _told(found: Tallies, reprice_id: str | None) -> RepriceOut:
    whole = Tally()
    rows: list[tuple[Decimal, RepriceRow]] = []
    for (provider, model), tally in found.items():
        for name in ("events", "changed", "old_usd", "new_usd", "priced_before", "priced_after"):
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        row = RepriceRow(provider=provider, model=model, **_shown(tally))
        rows.append((abs(tally.new_usd - tally.old_usd), row))
    rows.sort(
        key=lambda entry: (-entry[0], -entry[1].changed, entry[1].provider, entry[1].model or "")
    )
    return RepriceOut(
        reprice_id=None if reprice_id is None else prefixed("reprice", reprice_id),
        applied=reprice_id is not None,
        rows=[row for _, row in rows],
        totals=RepriceTotals(**_shown(whole)),
    )


def _shown(tally: Tally) -> dict[str, Any]:
    return {
        "events": tally.events, "changed": tally.changed, "old_usd": usd_text(tally.old_usd),
        "new_usd": usd_text(tally.new_usd), "priced_before": tally.priced_before,
        "priced_after": tally.priced_after,
    }  # fmt: skip
