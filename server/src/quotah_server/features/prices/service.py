"""What a workspace sets against the list: its own prices, and whose word on a cost it takes.

Every change is written, told to the gateways and put in force in this process, in that order; a book
under the new terms lies on the shelf before anything can cite it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.book import Book
from quotah_server.catalog.overrides import touched
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    UnavailableError,
)
from quotah_server.domain.ids import new_id
from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.prices import browse, repository
from quotah_server.features.prices.drafts import Fault, drafted, told
from quotah_server.features.prices.schemas import (
    BookModelPage,
    BookOut,
    ModelOut,
    OverrideFields,
    OverrideOut,
    OverrideSaved,
    TrustIn,
    TrustOut,
    UnpricedOut,
)
from quotah_server.features.prices.traffic import Traffic
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.terms import repository as terms_rows
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.prices import Prices
from quotah_server.store.books import BookShelf
from quotah_server.store.control.models import PriceOverrideRow
from quotah_server.store.control.session import Database
from quotah_server.store.events.base import EventStore

OVERRIDES_MAX = 1000
_Result = TypeVar("_Result")


class OwnPrices:
    """Reads and writes the prices of workspaces; one change after the other."""

    def __init__(
        self,
        database: Database,
        prices: Prices,
        shelf: BookShelf,
        store: EventStore,
        now: Clock = utc_now,
    ) -> None:
        self._database = database
        self._prices = prices
        self._shelf = shelf
        self._traffic = Traffic(store)
        self._now = now
        self._changing = asyncio.Lock()

    # --- the book ---------------------------------------------------------------------------------

    def book(self, scope: Scope) -> Book:
        """The book that prices this workspace's calls."""
        return self._prices.book_for(scope.workspace_id)

    def about(self, scope: Scope) -> BookOut:
        """The book without its models."""
        return browse.book_out(self.book(scope))

    def models(
        self, scope: Scope, search: str, provider: str | None, cursor: str | None, limit: int
    ) -> BookModelPage:
        """One page of models, with the rates that hold now."""
        return browse.page(
            self.book(scope), search=search, provider=provider, cursor=cursor, limit=limit,
            now=self._now(),
        )  # fmt: skip

    async def model(self, scope: Scope, provider: str, name: str) -> ModelOut:
        """All that is known of a model, with the overrides that reach it."""
        async with self._database.transaction() as session:
            rows = await repository.overrides(session, scope)
        # Which models a thousand prices reach takes a second to find out, once.
        return await asyncio.to_thread(
            browse.detail, self.book(scope), provider, name, self._shown(rows)
        )

    def unpriced(self, scope: Scope, start: datetime, end: datetime | None) -> list[UnpricedOut]:
        """Calls that have no price, by model. Blocks."""
        return self._traffic.unpriced(scope, start, end)

    # --- overrides --------------------------------------------------------------------------------

    async def listed(self, scope: Scope) -> list[OverrideOut]:
        """The workspace's own prices, newest first."""
        async with self._database.transaction() as session:
            rows = await repository.overrides(session, scope)
        return list(self._shown(rows).values())

    async def get(self, scope: Scope, override_id: str) -> OverrideOut:
        """One of them; raises NotFoundError."""
        async with self._database.transaction() as session:
            row = await repository.override(session, scope, override_id)
            rows = await repository.overrides(session, scope)
        return self._shown(rows)[row.id]

    async def create(
        self, actor: Actor, scope: Scope, fields: OverrideFields, created_by: str | None
    ) -> OverrideSaved:
        """Set a price. Raises InvalidInputError naming the field at fault."""

        async def work(session: AsyncSession) -> PriceOverrideRow:
            await workspaces.get(session, scope, lock=True)
            if await repository.count(session, scope) >= OVERRIDES_MAX:
                raise ConflictError(
                    f"A workspace keeps {OVERRIDES_MAX} prices of its own at most: remove some first."
                )
            override = await self._checked(session, scope, fields, new_id())
            return added(session, actor, scope, override, created_by, self._now())

        return await self._saved(scope, await self._change(scope, work))

    async def change(
        self, actor: Actor, scope: Scope, override_id: str, fields: OverrideFields
    ) -> OverrideSaved:
        """Put another price in the place of one. Raises NotFoundError, InvalidInputError."""

        async def work(session: AsyncSession) -> PriceOverrideRow:
            row = await repository.override(session, scope, override_id)
            _may_touch(scope, row)
            before = told(terms_rows.override_of(row))
            override = await self._checked(session, scope, fields, row.id)
            repository.fill(row, override)
            if (after := told(override)) != before:
                audit.record(
                    session, actor, "price_override.changed", ("price_override", row.id),
                    workspace_id=scope.workspace_id, before=before, after=after,
                )  # fmt: skip
            await session.flush()
            return row

        return await self._saved(scope, await self._change(scope, work))

    async def remove(self, actor: Actor, scope: Scope, override_id: str) -> None:
        """Take a price back. Raises NotFoundError."""

        async def work(session: AsyncSession) -> None:
            row = await repository.override(session, scope, override_id)
            _may_touch(scope, row)
            audit.record(
                session, actor, "price_override.removed", ("price_override", row.id),
                workspace_id=scope.workspace_id, before=told(terms_rows.override_of(row)),
            )  # fmt: skip
            await repository.remove(session, row)

        await self._change(scope, work)

    async def read(
        self, session: AsyncSession, scope: Scope, fields: OverrideFields, override_id: str
    ) -> tuple[Override, list[Fault]]:
        """An override as pricing takes it, with all that is wrong with it."""
        projects = await workspaces.project_ids(session, scope)
        return self.read_among(projects, scope, fields, override_id)

    def read_among(
        self, projects: frozenset[str], scope: Scope, fields: OverrideFields, override_id: str
    ) -> tuple[Override, list[Fault]]:
        """The same where the projects of the workspace are known."""
        override, faults = drafted(self._prices.book, fields, override_id, projects)
        if scope.project_id is not None and override.project_id != scope.project_id:
            faults.append(("project_id", "must be the project that your key is bound to"))
        return override, faults

    async def change_terms(
        self, scope: Scope, work: Callable[[AsyncSession], Awaitable[_Result]]
    ) -> _Result:
        """Run a change of a workspace's terms and put it in force; for whoever changes many at once."""
        return await self._change(scope, work)

    # --- trust ------------------------------------------------------------------------------------

    async def trust(self, scope: Scope) -> list[TrustOut]:
        """Whose word on a cost counts, for every provider of the book."""
        async with self._database.transaction() as session:
            told_of = await repository.trust(session, scope)
        book = self._prices.book
        names = sorted({*book.providers, *told_of})
        return [
            TrustOut(provider=name, trusted=told_of.get(name, default), default=default)
            for name in names
            for default in (name in book.providers and book.providers[name].trusts_reported_cost,)
        ]

    async def set_trust(self, actor: Actor, scope: Scope, wanted: list[TrustIn]) -> None:
        """Change whose word counts. Raises InvalidInputError for a provider the book does not know."""
        if scope.project_id is not None:
            raise ForbiddenError("A key that is bound to a project cannot speak for the workspace.")
        for place, word in enumerate(wanted):
            if word.provider not in self._prices.book.providers:
                raise InvalidInputError(
                    f"providers.{place}.provider: is no provider of the price book.",
                    field=f"providers.{place}.provider",
                    hint="GET /api/v1/prices/trust lists them.",
                )

        async def work(session: AsyncSession) -> None:
            await workspaces.get(session, scope, lock=True)
            before = await repository.trust(session, scope)
            for word in wanted:
                await repository.set_trust(session, scope, word.provider, trusted=word.trusted)
            audit_trust(session, actor, scope, before, await repository.trust(session, scope))

        await self._change(scope, work)

    # --- how --------------------------------------------------------------------------------------

    async def _checked(
        self, session: AsyncSession, scope: Scope, fields: OverrideFields, override_id: str
    ) -> Override:
        override, faults = await self.read(session, scope, fields, override_id)
        if faults:
            field, message = faults[0]
            raise InvalidInputError(f"{field}: {message}.", field=field)
        return override

    async def _change(
        self, scope: Scope, work: Callable[[AsyncSession], Awaitable[_Result]]
    ) -> _Result:
        async with self._changing:
            async with self._database.transaction() as session:
                result = await work(session)
                terms = await terms_rows.terms_of(session, scope.workspace_id)
                await self._shelve(terms)
                await snapshot.touch(session)
            await asyncio.to_thread(self._prices.set_terms, scope.workspace_id, terms)
        return result

    async def _shelve(self, terms: Terms) -> None:
        """On the shelf before it is committed, so that a full disk refuses the change as a whole."""
        try:
            await asyncio.to_thread(self._shelf.put, self._prices.book.under(terms))
        except OSError as error:
            raise UnavailableError(
                "The price book cannot be kept now: is the disk full?"
            ) from error

    async def _saved(self, scope: Scope, row: PriceOverrideRow) -> OverrideSaved:
        async with self._database.transaction() as session:
            rows = await repository.overrides(session, scope)
        override = terms_rows.override_of(row)
        book = self._prices.book
        try:
            calls = await asyncio.to_thread(
                self._traffic.named_by, scope, book, override, self._now()
            )
        except UnavailableError:
            calls = None  # the price is set; only the event store cannot be asked now
        shown = self._shown(rows).get(row.id) or repository.shown(row, effective=False)
        return OverrideSaved(
            **shown.model_dump(by_alias=False),
            matches_now=len(touched(book, override)),
            affected_calls_30d=calls,
        )

    def _shown(self, rows: list[PriceOverrideRow]) -> dict[str, OverrideOut]:
        """Overrides by their id, in the order given."""
        counting = repository.effective(rows, self._now())
        return {row.id: repository.shown(row, effective=row.id in counting) for row in rows}


def added(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    override: Override,
    created_by: str | None,
    now: datetime,
) -> PriceOverrideRow:
    """Write a checked override and its audit row."""
    row = repository.add(session, scope, override, created_by, now)
    audit.record(
        session, actor, "price_override.created", ("price_override", row.id),
        workspace_id=scope.workspace_id, after=told(override),
    )  # fmt: skip
    return row


def audit_trust(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    before: dict[str, bool],
    after: dict[str, bool],
) -> None:
    """Write down whose word counts otherwise than before, if anybody's."""
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if changed:
        audit.record(
            session, actor, "price_trust.changed", ("workspace", scope.workspace_id),
            workspace_id=scope.workspace_id,
            before={name: before.get(name) for name in sorted(changed)},
            after={name: after.get(name) for name in sorted(changed)},
        )  # fmt: skip


def _may_touch(scope: Scope, row: PriceOverrideRow) -> None:
    if scope.project_id is not None and row.project_id != scope.project_id:
        raise ForbiddenError(
            "This price is of the whole workspace; your key is bound to a project."
        )
