"""Rows of sessions and of tries to sign in, and the look-ups that tell who signed a request."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.store.control.models import ApiKeyRow, LoginAttemptRow, MemberRow, SessionRow


class SignedKey(msgspec.Struct, frozen=True):
    """A key that is valid now. by_operator: minted by a member who runs this instance."""

    id: str
    kind: str
    workspace_id: str
    project_id: str | None
    created_by: str | None
    last_used_at: datetime | None
    by_operator: bool


class SignedSession(msgspec.Struct, frozen=True):
    """A session that is valid now."""

    id: str
    member_id: str
    is_operator: bool
    last_seen_at: datetime


async def find_session(
    session: AsyncSession, token_hash: str, now: datetime
) -> SignedSession | None:
    """The living session of a token, of a member who is not disabled."""
    query = (
        select(SessionRow.id, SessionRow.member_id, MemberRow.is_operator, SessionRow.last_seen_at)
        .join(MemberRow, MemberRow.id == SessionRow.member_id)
        .where(
            SessionRow.token_hash == token_hash,
            SessionRow.expires_at > now,
            MemberRow.disabled_at.is_(None),
        )
    )
    row = (await session.execute(query)).first()
    return SignedSession(*row) if row else None


async def find_key(session: AsyncSession, key_hash: str, now: datetime) -> SignedKey | None:
    """The living key of a hash."""
    by_operator = MemberRow.is_operator.is_(True) & MemberRow.disabled_at.is_(None)
    query = (
        select(
            ApiKeyRow.id,
            ApiKeyRow.kind,
            ApiKeyRow.workspace_id,
            ApiKeyRow.project_id,
            ApiKeyRow.created_by,
            ApiKeyRow.last_used_at,
            func.coalesce(by_operator, False),
        )
        .outerjoin(MemberRow, MemberRow.id == ApiKeyRow.created_by)
        .where(
            ApiKeyRow.hash == key_hash,
            ApiKeyRow.revoked_at.is_(None),
            or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > now),
        )
    )
    row = (await session.execute(query)).first()
    return SignedKey(*row) if row else None


async def mark_seen(session: AsyncSession, session_id: str, at: datetime) -> None:
    query = update(SessionRow).where(SessionRow.id == session_id).values(last_seen_at=at)
    await session.execute(query)


async def mark_used(session: AsyncSession, key_id: str, at: datetime) -> None:
    query = update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used_at=at)
    await session.execute(query)


async def end_session(session: AsyncSession, session_id: str) -> None:
    await session.execute(delete(SessionRow).where(SessionRow.id == session_id))


async def forget_before(session: AsyncSession, sessions: datetime, attempts: datetime) -> None:
    """Delete sessions that ended and tries that no longer count."""
    await session.execute(delete(SessionRow).where(SessionRow.expires_at <= sessions))
    await session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.at < attempts))


async def count_failures(
    session: AsyncSession,
    *,
    since: datetime,
    account_hash: str | None = None,
    ip: str | None = None,
) -> tuple[int, datetime | None]:
    """Tries of an account or an address that failed or are being checked: how many, and the first."""
    query = select(func.count(), func.min(LoginAttemptRow.at)).where(
        LoginAttemptRow.at >= since, LoginAttemptRow.outcome.in_(("pending", "failed"))
    )
    if account_hash is not None:
        query = query.where(LoginAttemptRow.account_hash == account_hash)
    if ip is not None:
        query = query.where(LoginAttemptRow.ip == ip)
    count, first = (await session.execute(query)).one()
    return count, first


async def last_success(session: AsyncSession, account_hash: str) -> datetime | None:
    """When the account was last signed in to."""
    query = select(func.max(LoginAttemptRow.at)).where(
        LoginAttemptRow.account_hash == account_hash, LoginAttemptRow.outcome == "succeeded"
    )
    return (await session.execute(query)).scalar_one()


async def settle_attempt(session: AsyncSession, attempt_id: str, outcome: str) -> None:
    query = update(LoginAttemptRow).where(LoginAttemptRow.id == attempt_id).values(outcome=outcome)
    await session.execute(query)


async def drop_attempt(session: AsyncSession, attempt_id: str) -> None:
    """Forget a try that was refused: it neither counts nor makes the table grow."""
    await session.execute(delete(LoginAttemptRow).where(LoginAttemptRow.id == attempt_id))
