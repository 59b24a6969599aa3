"""Sign in, sign out, and tell who signed a request."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import TooManyAttemptsError, UnauthenticatedError
from quotah_server.domain.ids import new_id
from quotah_server.domain.secrets import hash_key, key_kind
from quotah_server.features.audit import service as audit
from quotah_server.features.auth import repository, throttle
from quotah_server.features.auth.passwords import Passwords
from quotah_server.features.members import repository as members
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor, Grant, Principal, Role
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.control.models import LoginAttemptRow, SessionRow
from quotah_server.store.control.session import Database

_log = structlog.get_logger(__name__)
_SEEN_EVERY = timedelta(minutes=5)
_USED_EVERY = timedelta(minutes=1)
_ATTEMPTS_KEPT = timedelta(days=1)
_KINDS: dict[str, tuple[Literal["admin_key", "ingest_key", "gateway_key"], Role]] = {
    "admin": ("admin_key", "admin"),
    "ingest": ("ingest_key", "viewer"),
    "gateway": ("gateway_key", "viewer"),
}


class InvalidCredentialsError(UnauthenticatedError):
    """Wrong e-mail or wrong password; which of the two is not told."""

    code = "invalid_credentials"


class SignIn(msgspec.Struct, frozen=True):
    """A new session. token goes into the cookie and is stored nowhere."""

    member_id: str
    token: str


class SessionPolicy(msgspec.Struct, frozen=True):
    """How long a sign-in lasts."""

    days: int = 14

    @property
    def max_age_s(self) -> int:
        return self.days * 86400


class ControlAuthenticator:
    """Looks sessions and keys up in the control database, in a short transaction of its own."""

    def __init__(self, database: Database, now: Clock = utc_now) -> None:
        self._database = database
        self._now = now

    async def session(self, token: str) -> Principal | None:
        """The member behind a session cookie."""
        now = self._now()
        async with self._database.transaction() as db:
            found = await repository.find_session(db, _token_hash(token), now)
            if found is None:
                return None
            grants = await workspaces.grants_of(db, found.member_id)
        if now - found.last_seen_at > _SEEN_EVERY:
            await self._noted(lambda db: repository.mark_seen(db, found.id, now))
        return Principal(
            kind="session",
            grants=grants,
            member_id=found.member_id,
            session_id=found.id,
            is_operator=found.is_operator,
        )

    async def key(self, key: str) -> Principal | None:
        """One of our keys; a mistyped one is told by its checksum, without asking the database."""
        if key_kind(key) is None:
            return None
        now = self._now()
        async with self._database.transaction() as db:
            found = await repository.find_key(db, hash_key(key), now)
            if found is None:
                return None
        if found.last_used_at is None or now - found.last_used_at > _USED_EVERY:
            await self._noted(lambda db: repository.mark_used(db, found.id, now))
        kind, role = _KINDS[found.kind]
        return Principal(
            kind=kind,
            grants=(Grant(found.workspace_id, role),),
            member_id=found.created_by,
            key_id=found.id,
            project_id=found.project_id,
            is_operator=found.by_operator and kind == "admin_key",
        )

    async def _noted(self, mark: Callable[[AsyncSession], Awaitable[None]]) -> None:
        """Note that a session or key was used. A disk that is full takes no note, and nobody is kept
        from reading by that: what is wrong is to be seen just then."""
        try:
            async with self._database.transaction() as db:
                await mark(db)
        except SQLAlchemyError as error:
            _log.warning("use_not_noted", error=type(error).__name__)


async def sign_in(
    database: Database,
    passwords: Passwords,
    actor: Actor,
    *,
    email: str,
    password: str,
    policy: SessionPolicy,
    user_agent: str | None = None,
    now: Clock = utc_now,
) -> SignIn:
    """Check a password and begin a session.

    Raises InvalidCredentialsError, and TooManyAttemptsError with the seconds to wait. Neither tells
    whether the account exists.
    """
    attempt_id = await _admit(database, actor, email, now())
    async with database.transaction() as db:
        member = await members.by_email(db, email)
    stored = member.password_hash if member and member.disabled_at is None else None
    right = await passwords.check(stored, password)
    outdated = right and stored is not None and passwords.is_outdated(stored)
    renewed = await passwords.hash(password) if outdated else None
    async with database.transaction() as db:
        await repository.settle_attempt(db, attempt_id, "succeeded" if right else "failed")
        if member is not None and right:
            if renewed is not None:
                await members.set_password_hash(db, member.id, renewed)
            return await begin_session(db, actor, member.id, policy, user_agent, now())
        audit.record(
            db, actor, "sign_in.failed", ("member", member.id if member else None),
            after={"account": throttle.account_hash(email)[:16]},
        )  # fmt: skip
    raise InvalidCredentialsError("The e-mail address or the password is wrong.")


async def begin_session(
    session: AsyncSession,
    actor: Actor,
    member_id: str,
    policy: SessionPolicy,
    user_agent: str | None,
    now: datetime,
) -> SignIn:
    """Begin a session for a member who proved who they are."""
    token = secrets.token_urlsafe(32)
    row = SessionRow(
        id=new_id(), token_hash=_token_hash(token), member_id=member_id, created_at=now,
        last_seen_at=now, expires_at=now + timedelta(days=policy.days), ip=actor.ip,
        user_agent=user_agent[:200] if user_agent else None,
    )  # fmt: skip
    session.add(row)
    signed = Actor("member", member_id, actor.ip, actor.request_id)
    audit.record(session, signed, "session.begun", ("session", row.id))
    return SignIn(member_id, token)


async def sign_out(session: AsyncSession, actor: Actor, session_id: str) -> None:
    """End a session."""
    await repository.end_session(session, session_id)
    audit.record(session, actor, "session.ended", ("session", session_id))


async def _admit(database: Database, actor: Actor, email: str, now: datetime) -> str:
    """Count a try, and refuse it where there were too many; returns its id."""
    attempt_id, account = new_id(), throttle.account_hash(email)
    address = throttle.address_group(actor.ip or "")
    async with database.transaction() as db:
        db.add(
            LoginAttemptRow(
                id=attempt_id, at=now, account_hash=account, ip=address, outcome="pending"
            )
        )
    async with database.transaction() as db:
        since = now - throttle.WINDOW
        success = await repository.last_success(db, account)
        account_since = max(since, success) if success else since
        tried, first = await repository.count_failures(
            db, since=account_since, account_hash=account
        )
        too_many = tried > throttle.PER_ACCOUNT
        if not too_many and address:
            tried, first = await repository.count_failures(db, since=since, ip=address)
            too_many = tried > throttle.PER_ADDRESS
        if too_many:
            await repository.drop_attempt(db, attempt_id)
        await repository.forget_before(db, now, now - _ATTEMPTS_KEPT)
    if too_many:
        _log.warning("sign_in_refused", ip=actor.ip, request_id=actor.request_id)
        raise TooManyAttemptsError(
            "There were too many wrong passwords. Wait, then try again.",
            retry_after_s=throttle.wait_s(first, now),
        )
    return attempt_id


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
