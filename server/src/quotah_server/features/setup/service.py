"""From an empty instance to its first owner: by the setup link in a browser, or by ``quotah init``."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import ConflictError, InvalidInputError, UnauthenticatedError
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.auth import service as auth
from quotah_server.features.auth.passwords import Passwords
from quotah_server.features.keys import service as keys
from quotah_server.features.members import repository as member_rows
from quotah_server.features.members import service as members
from quotah_server.features.setup import repository
from quotah_server.features.setup.schemas import SetupIn
from quotah_server.features.workspaces import repository as workspace_rows
from quotah_server.features.workspaces import service as workspaces
from quotah_server.http.deps import SYSTEM, Actor
from quotah_server.http.fields import NEW_PASSWORD_MIN, email_of, encodable, name_of, timezone_of
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.control.models import SetupTokenRow
from quotah_server.store.control.session import Database

INIT_KEY_NAME = "quotah init"
_UNPROTECTED = (
    "The dashboard is reached over plain HTTP: passwords and sessions can be read on the way. "
    "Put a proxy with TLS in front and set QUOTAH_PUBLIC_URL to its https address."
)
_TOKEN_LIFE = timedelta(days=7)


class InvalidSetupTokenError(UnauthenticatedError):
    """The setup link was used, replaced by a newer one, or is too old."""

    code = "invalid_setup_token"


class Initialised(msgspec.Struct, frozen=True):
    """What ``quotah init`` prints. admin_token is None when there was one before: only its hash is kept."""

    workspace_id: str
    project_id: str
    member_id: str
    admin_token: str | None


class Instance(msgspec.Struct, frozen=True):
    """What the instance knows of its own addresses. warnings: see ``address_warnings``."""

    version: str
    gateway_url: str
    api_url: str
    warnings: tuple[str, ...] = ()


def address_warnings(api_url: str) -> tuple[str, ...]:
    """Say what is wrong with the address under which people reach the dashboard."""
    host = api_url.partition("://")[2].partition("/")[0].rsplit(":", 1)[0]
    if api_url.startswith("https://") or host == "localhost" or host.startswith(("127.", "[::1]")):
        return ()
    return (_UNPROTECTED,)


async def setup_link(database: Database, dashboard_url: str, now: Clock = utc_now) -> str | None:
    """Mint a one-time link that creates the owner; None once there is one. Links made before are void."""
    token = secrets.token_urlsafe(32)
    at = now()
    async with database.transaction() as session:
        if await repository.is_set_up(session):
            return None
        await repository.replace_token(
            session,
            SetupTokenRow(
                id=new_id(),
                token_hash=_token_hash(token),
                created_at=at,
                expires_at=at + _TOKEN_LIFE,
                used_at=None,
            ),
        )
    return f"{dashboard_url}/setup?token={token}"


async def is_required(session: AsyncSession) -> bool:
    """Whether the instance still waits for its owner."""
    return not await repository.is_set_up(session)


async def set_up(
    database: Database,
    passwords: Passwords,
    actor: Actor,
    wanted: SetupIn,
    *,
    policy: auth.SessionPolicy,
    user_agent: str | None = None,
    now: Clock = utc_now,
) -> auth.SignIn:
    """Create owner, workspace and project for the bearer of the setup token, and sign them in."""
    token_hash = _token_hash(wanted.token)
    async with database.transaction() as session:
        # Looked at before the password is hashed, so that guessing tokens costs no argon2.
        if not await repository.is_valid_token(session, token_hash, now()):
            raise _bad_token()
    password_hash = await passwords.hash(wanted.password)
    async with database.transaction() as session:
        at = now()
        if not await repository.use_token(session, token_hash, at):
            raise _bad_token()
        if not await repository.complete(session, at):
            raise ConflictError("This instance has its owner already. Sign in instead.")
        member_id = await members.create(
            session, actor, email=wanted.email, name=wanted.name,
            password_hash=password_hash, is_operator=True,
        )  # fmt: skip
        await workspaces.create(
            session, actor, owner_id=member_id,
            name=wanted.workspace_name, timezone=wanted.timezone,
        )  # fmt: skip
        return await auth.begin_session(session, actor, member_id, policy, user_agent, at)


async def init(
    database: Database,
    passwords: Passwords,
    *,
    email: str,
    password: str,
    workspace_name: str,
    name: str | None = None,
    timezone: str = "UTC",
    rotate_token: bool = False,
    now: Clock = utc_now,
) -> Initialised:
    """Do what the setup link does, without a browser; calling it again changes nothing.

    A second call finds the account and the workspace by their names (and makes the workspace where it
    is missing); the password is left as it is. admin_token is new on the first call and with
    rotate_token, which revokes the one before. Raises InvalidInputError for bad values, ConflictError
    when the instance belongs to another owner.
    """
    email, timezone, workspace_name = _checked(email, password, workspace_name, timezone)
    async with database.transaction() as session:
        known = await member_rows.by_email(session, email) is not None
        if not known and await repository.is_set_up(session):
            raise _taken()
    password_hash = None if known else await passwords.hash(password)
    async with database.transaction() as session:
        member = await member_rows.by_email(session, email)
        if member is not None:
            member_id = member.id
        elif password_hash is not None and await repository.complete(session, now()):
            member_id = await members.create(
                session, SYSTEM, email=email, name=name or email.partition("@")[0],
                password_hash=password_hash, is_operator=True,
            )  # fmt: skip
        else:
            raise _taken()
        scope, made = await _workspace(session, member_id, workspace_name, timezone)
        token = None
        if made or rotate_token:
            token = await _rotate(session, scope, member_id)
    assert scope.project_id is not None
    return Initialised(
        workspace_id=prefixed("ws", scope.workspace_id),
        project_id=prefixed("prj", scope.project_id),
        member_id=prefixed("mem", member_id),
        admin_token=token,
    )


async def _workspace(
    session: AsyncSession, member_id: str, name: str, timezone: str
) -> tuple[Scope, bool]:
    row = await workspace_rows.named(session, member_id, name)
    if row is None:
        scope = await workspaces.create(
            session, SYSTEM, owner_id=member_id, name=name, timezone=timezone
        )
        return scope, True
    project = await workspace_rows.first_project(session, Scope(row.id))
    return Scope(row.id, project.id), False


async def _rotate(session: AsyncSession, scope: Scope, member_id: str) -> str:
    whole = Scope(scope.workspace_id)
    await keys.revoke_named(session, SYSTEM, whole, INIT_KEY_NAME)
    created = await keys.create(
        session, SYSTEM, whole, kind="admin", name=INIT_KEY_NAME, created_by=member_id
    )
    return created.key


def _checked(email: str, password: str, workspace_name: str, timezone: str) -> tuple[str, str, str]:
    field = "email"
    try:
        email = email_of(email)
        field = "timezone"
        timezone = timezone_of(timezone)
        field = "workspace"
        workspace_name = name_of(workspace_name)
        field = "password"
        encodable(password)
    except ValueError as error:
        raise InvalidInputError(f"{field} {error}", field=field) from error
    if not NEW_PASSWORD_MIN <= len(password) <= 256:
        raise InvalidInputError(
            f"The password needs {NEW_PASSWORD_MIN} to 256 characters.", field="password"
        )
    return email, timezone, workspace_name


def _bad_token() -> InvalidSetupTokenError:
    return InvalidSetupTokenError(
        "This setup link was used, replaced by a newer one, or is too old.",
        hint="Restart Quotah, or run `quotah setup-link`, for a new one.",
    )


def _taken() -> ConflictError:
    return ConflictError(
        "This instance belongs to another owner already.", field="email",
        hint="Use the e-mail address it was set up with.",
    )  # fmt: skip


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
