"""Read what the gateway must know, and count its versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.store.control.models import ApiKeyRow, InstanceRow, ProviderCredentialRow


async def version(session: AsyncSession) -> int:
    """The current version."""
    return (await session.execute(select(InstanceRow.snapshot_version))).scalar_one()


async def raise_version(session: AsyncSession) -> None:
    """Count one up; the row's lock puts concurrent changes in order."""
    grown = InstanceRow.snapshot_version + 1
    await session.execute(update(InstanceRow).values(snapshot_version=grown))


async def gateway_keys(session: AsyncSession, now: datetime) -> Sequence[ApiKeyRow]:
    """Gateway keys of all workspaces that are valid now."""
    living = or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > now)
    query = select(ApiKeyRow).where(
        ApiKeyRow.kind == "gateway", ApiKeyRow.revoked_at.is_(None), living
    )
    return (await session.scalars(query)).all()


async def credentials(session: AsyncSession) -> Sequence[ProviderCredentialRow]:
    """Provider credentials of all workspaces, newest first."""
    query = select(ProviderCredentialRow).order_by(ProviderCredentialRow.id.desc())
    return (await session.scalars(query)).all()
