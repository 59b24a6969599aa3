"""Rows of members."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.store.control.models import MemberRow


async def by_id(session: AsyncSession, member_id: str) -> MemberRow | None:
    return await session.get(MemberRow, member_id)


async def by_email(session: AsyncSession, email: str) -> MemberRow | None:
    """The account of a folded e-mail address."""
    return (await session.scalars(select(MemberRow).where(MemberRow.email == email))).first()


async def add(session: AsyncSession, member: MemberRow) -> None:
    session.add(member)
    await session.flush()


async def set_password_hash(session: AsyncSession, member_id: str, password_hash: str) -> None:
    query = update(MemberRow).where(MemberRow.id == member_id).values(password_hash=password_hash)
    await session.execute(query)
