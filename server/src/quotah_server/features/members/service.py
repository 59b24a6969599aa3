"""Make accounts, and tell a member who they are."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import UnauthenticatedError
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.features.audit import service as audit
from quotah_server.features.members import repository
from quotah_server.features.members.schemas import Me, MemberOut
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import MemberRow


async def create(
    session: AsyncSession,
    actor: Actor,
    *,
    email: str,
    name: str,
    password_hash: str,
    is_operator: bool,
) -> str:
    """Make an account for a folded e-mail address; returns its id."""
    member = MemberRow(
        id=new_id(), email=email, name=name, password_hash=password_hash, is_operator=is_operator,
        disabled_at=None, created_at=utc_now(),
    )  # fmt: skip
    await repository.add(session, member)
    audit.record(
        session, actor, "member.created", ("member", member.id),
        after={"email": email, "name": name, "is_operator": is_operator},
    )  # fmt: skip
    return member.id


async def me(session: AsyncSession, member_id: str, csrf_token: str) -> Me:
    """The member with all their workspaces."""
    member = await repository.by_id(session, member_id)
    if member is None:
        raise UnauthenticatedError("Sign in first.")
    grants = await workspaces.grants_of(session, member_id)
    return Me(
        member=MemberOut(id=prefixed("mem", member.id), email=member.email, name=member.name),
        csrf_token=csrf_token,
        workspaces=await workspaces.shown(session, grants),
    )
