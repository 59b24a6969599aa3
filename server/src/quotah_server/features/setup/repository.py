"""The instance's row and the setup tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.store.control.models import InstanceRow, SetupTokenRow


async def is_set_up(session: AsyncSession) -> bool:
    """Whether the instance has had its first owner."""
    query = select(InstanceRow.setup_completed_at)
    return (await session.execute(query)).scalar_one() is not None


async def complete(session: AsyncSession, now: datetime) -> bool:
    """Claim the setup; of several at once exactly one is told True."""
    query = (
        update(InstanceRow)
        .where(InstanceRow.setup_completed_at.is_(None))
        .values(setup_completed_at=now)
        .returning(InstanceRow.id)
    )
    return (await session.execute(query)).first() is not None


async def replace_token(session: AsyncSession, token: SetupTokenRow) -> None:
    """Keep one token; those before it are void."""
    await session.execute(delete(SetupTokenRow).where(SetupTokenRow.used_at.is_(None)))
    session.add(token)


async def is_valid_token(session: AsyncSession, token_hash: str, now: datetime) -> bool:
    query = select(SetupTokenRow.id).where(
        SetupTokenRow.token_hash == token_hash,
        SetupTokenRow.used_at.is_(None),
        SetupTokenRow.expires_at > now,
    )
    return (await session.execute(query)).first() is not None


async def use_token(session: AsyncSession, token_hash: str, now: datetime) -> bool:
    """Spend a token; of several at once exactly one is told True."""
    query = (
        update(SetupTokenRow)
        .where(
            SetupTokenRow.token_hash == token_hash,
            SetupTokenRow.used_at.is_(None),
            SetupTokenRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(SetupTokenRow.id)
    )
    return (await session.execute(query)).first() is not None
