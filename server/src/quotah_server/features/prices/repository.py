"""Rows of overrides, trust, the list book in force and its updates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.terms import Override
from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.money import usd_text
from quotah_server.domain.scope import Scope
from quotah_server.features.prices.drafts import rate_texts
from quotah_server.features.prices.schemas import ChangeOut, OverrideOut, UpdateOut
from quotah_server.store.control.models import (
    PriceListRow,
    PriceOverrideRow,
    PriceTrustRow,
    PriceUpdateRow,
)

UPDATES_KEPT = 100
_SHOWN = 50
_EARLIEST = datetime.min.replace(tzinfo=UTC)


async def overrides(session: AsyncSession, scope: Scope) -> list[PriceOverrideRow]:
    """The overrides of a workspace, newest first; of a project's key, those that reach its calls."""
    query = (
        select(PriceOverrideRow)
        .where(PriceOverrideRow.workspace_id == scope.workspace_id)
        .order_by(PriceOverrideRow.id.desc())
    )
    rows = await session.scalars(query)
    mine = (None, scope.project_id)
    return [row for row in rows if scope.project_id is None or row.project_id in mine]


async def override(session: AsyncSession, scope: Scope, override_id: str) -> PriceOverrideRow:
    """An override of the workspace, locked for change; raises NotFoundError for any other."""
    query = (
        select(PriceOverrideRow)
        .where(
            PriceOverrideRow.workspace_id == scope.workspace_id, PriceOverrideRow.id == override_id
        )
        .with_for_update()
    )
    row = (await session.scalars(query)).first()
    if row is None or (scope.project_id and row.project_id not in (None, scope.project_id)):
        raise NotFoundError("There is no such price in this workspace.")
    return row


def add(
    session: AsyncSession,
    scope: Scope,
    override: Override,
    created_by: str | None,
    now: datetime,
) -> PriceOverrideRow:
    """Keep a checked override."""
    row = PriceOverrideRow(
        id=override.override_id, workspace_id=scope.workspace_id, created_by=created_by,
        created_at=now,
    )  # fmt: skip
    fill(row, override)
    session.add(row)
    return row


def fill(row: PriceOverrideRow, override: Override) -> None:
    """Write a checked override into its row."""
    row.provider, row.model = override.provider, override.model
    row.deployment, row.project_id = override.deployment, override.project_id
    row.starts_at, row.ends_at = override.from_, override.until
    row.rates = dict(rate_texts(override) or {})
    row.factor = None if override.factor is None else usd_text(override.factor)
    row.note = override.note


def effective(rows: Sequence[PriceOverrideRow], now: datetime) -> set[str]:
    """Of the overrides for the same calls that hold now, the one begun last; the newest of those."""
    best: dict[tuple[str | None, ...], PriceOverrideRow] = {}
    for row in rows:
        if (row.starts_at and now < row.starts_at) or (row.ends_at and now >= row.ends_at):
            continue
        calls = (row.provider, row.model.lower(), (row.deployment or "").lower(), row.project_id)
        if calls not in best or _begun(row) > _begun(best[calls]):
            best[calls] = row
    return {row.id for row in best.values()}


def _begun(row: PriceOverrideRow) -> tuple[datetime, str]:
    return row.starts_at or _EARLIEST, row.id


async def count(session: AsyncSession, scope: Scope) -> int:
    """How many overrides a workspace has."""
    query = (
        select(func.count())
        .select_from(PriceOverrideRow)
        .where(PriceOverrideRow.workspace_id == scope.workspace_id)
    )
    return (await session.execute(query)).scalar_one()


async def remove(session: AsyncSession, row: PriceOverrideRow) -> None:
    await session.execute(
        delete(PriceOverrideRow).where(
            PriceOverrideRow.workspace_id == row.workspace_id, PriceOverrideRow.id == row.id
        )
    )


async def trust(session: AsyncSession, scope: Scope) -> dict[str, bool]:
    """What a workspace said of providers' own amounts."""
    query = (
        select(PriceTrustRow)
        .where(PriceTrustRow.workspace_id == scope.workspace_id)
        .order_by(PriceTrustRow.provider)
    )
    return {row.provider: row.trusted for row in await session.scalars(query)}


async def set_trust(
    session: AsyncSession, scope: Scope, provider: str, *, trusted: bool | None
) -> None:
    """Keep a word on a provider; None takes it back."""
    await session.execute(
        delete(PriceTrustRow).where(
            PriceTrustRow.workspace_id == scope.workspace_id, PriceTrustRow.provider == provider
        )
    )
    if trusted is not None:
        session.add(
            PriceTrustRow(workspace_id=scope.workspace_id, provider=provider, trusted=trusted)
        )
        await session.flush()


async def price_list(session: AsyncSession, *, lock: bool = False) -> PriceListRow:
    """What is known of the instance's list book; lock: for change."""
    query = select(PriceListRow)
    return (await session.scalars(query.with_for_update() if lock else query)).one()


async def updates(session: AsyncSession) -> Sequence[PriceUpdateRow]:
    """The newest updates first."""
    query = select(PriceUpdateRow).order_by(PriceUpdateRow.id.desc()).limit(_SHOWN)
    return (await session.scalars(query)).all()


async def update(session: AsyncSession, update_id: str) -> PriceUpdateRow:
    """An update, locked for change; raises NotFoundError."""
    query = select(PriceUpdateRow).where(PriceUpdateRow.id == update_id).with_for_update()
    row = (await session.scalars(query)).first()
    if row is None:
        raise NotFoundError("There is no such price update.")
    return row


async def update_of_book(session: AsyncSession, version: str) -> PriceUpdateRow | None:
    """The newest update that brought a book."""
    query = (
        select(PriceUpdateRow)
        .where(PriceUpdateRow.book_version == version)
        .order_by(PriceUpdateRow.id.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def add_update(
    session: AsyncSession, state: str, now: datetime, **told: Any
) -> PriceUpdateRow:
    """Keep what was found; the oldest beyond ``UPDATES_KEPT`` are forgotten, held ones never."""
    row = PriceUpdateRow(
        id=new_id(), state=state, found_at=now, base_version=told.get("base_version"),
        book_version=told.get("book_version"), decided_at=None, decided_by=None,
        reasons={"items": told.get("reasons", [])}, changes={"items": told.get("changes", [])},
        disagreements={"items": told.get("disagreements", [])}, changed=told.get("changed", 0),
        added=told.get("added", 0), removed=told.get("removed", 0),
    )  # fmt: skip
    session.add(row)
    await session.flush()
    kept = select(PriceUpdateRow.id).order_by(PriceUpdateRow.id.desc()).limit(UPDATES_KEPT)
    old = list(await session.scalars(kept))
    if len(old) == UPDATES_KEPT:
        await session.execute(
            delete(PriceUpdateRow).where(
                PriceUpdateRow.id < old[-1], PriceUpdateRow.state != "held"
            )
        )
    return row


def shown(row: PriceOverrideRow, *, effective: bool) -> OverrideOut:
    """An override as the API shows it."""
    return OverrideOut(
        id=prefixed("ovr", row.id), provider=row.provider, model=row.model,
        deployment=row.deployment,
        project_id=prefixed("prj", row.project_id) if row.project_id else None,
        from_=row.starts_at, until=row.ends_at, rates=row.rates or None, factor=row.factor,
        note=row.note, effective=effective, created_at=row.created_at,
        created_by=prefixed("mem", row.created_by) if row.created_by else None,
    )  # fmt: skip


def shown_update(row: PriceUpdateRow) -> UpdateOut:
    """An update as the API shows it."""
    return UpdateOut.model_validate(
        {
            "id": prefixed("upd", row.id),
            "state": row.state,
            "version": row.book_version,
            "found_at": row.found_at,
            "decided_at": row.decided_at,
            "reasons": row.reasons["items"],
            "changes": [ChangeOut.model_validate(change) for change in row.changes["items"]],
            "changed": row.changed,
            "added": row.added,
            "removed": row.removed,
        }
    )
