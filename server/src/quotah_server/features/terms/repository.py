"""Rows of overrides and trust, read as the terms that pricing takes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.terms import Override, Terms
from quotah_server.store.control.models import PriceListRow, PriceOverrideRow, PriceTrustRow


async def terms_of(session: AsyncSession, workspace_id: str) -> Terms:
    """The terms of one workspace; those of none equal ``LIST_PRICES``."""
    overrides = select(PriceOverrideRow).where(PriceOverrideRow.workspace_id == workspace_id)
    trust = select(PriceTrustRow).where(PriceTrustRow.workspace_id == workspace_id)
    return _terms(
        await session.scalars(overrides.order_by(PriceOverrideRow.id)),
        await session.scalars(trust.order_by(PriceTrustRow.provider)),
    )


async def all_terms(session: AsyncSession) -> dict[str, Terms]:
    """The terms of every workspace that has any, by workspace."""
    overrides: dict[str, list[PriceOverrideRow]] = {}
    for row in await session.scalars(select(PriceOverrideRow).order_by(PriceOverrideRow.id)):
        overrides.setdefault(row.workspace_id, []).append(row)
    trust: dict[str, list[PriceTrustRow]] = {}
    for word in await session.scalars(select(PriceTrustRow).order_by(PriceTrustRow.provider)):
        trust.setdefault(word.workspace_id, []).append(word)
    return {
        workspace_id: _terms(overrides.get(workspace_id, ()), trust.get(workspace_id, ()))
        for workspace_id in sorted({*overrides, *trust})
    }


async def book_version(session: AsyncSession) -> str | None:
    """The list book that an update put in force; None: the packaged one."""
    return (await session.execute(select(PriceListRow.book_version))).scalar_one()


def override_of(row: PriceOverrideRow) -> Override:
    """A row as pricing takes it."""
    return Override(
        override_id=row.id,
        provider=row.provider,
        model=row.model,
        deployment=row.deployment,
        project_id=row.project_id,
        from_=row.starts_at,
        until=row.ends_at,
        rates={unit: Decimal(rate) for unit, rate in row.rates.items()} or None,
        factor=None if row.factor is None else Decimal(row.factor),
        note=row.note,
    )


def _terms(overrides: Iterable[PriceOverrideRow], trust: Iterable[PriceTrustRow]) -> Terms:
    return Terms(
        tuple(override_of(row) for row in overrides), {row.provider: row.trusted for row in trust}
    )
