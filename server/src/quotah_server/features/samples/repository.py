"""Which workspaces hold sample data."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.scope import Scope
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import MemberRow, ProjectRow, WorkspaceRow


async def sample_among(session: AsyncSession, workspace_ids: Sequence[str]) -> Scope | None:
    """The oldest sample workspace among these, with its first project."""
    query = (
        select(WorkspaceRow.id, ProjectRow.id)
        .join(ProjectRow, ProjectRow.workspace_id == WorkspaceRow.id)
        .where(WorkspaceRow.is_sample, WorkspaceRow.id.in_(workspace_ids))
        .order_by(WorkspaceRow.id, ProjectRow.id)
        .limit(1)
    )
    found = (await session.execute(query)).first()
    return Scope(found[0], found[1]) if found else None


async def timezone_of(session: AsyncSession, workspace_id: str) -> str:
    """The time zone of a workspace; UTC where there is none such."""
    query = select(WorkspaceRow.timezone).where(WorkspaceRow.id == workspace_id)
    return (await session.scalars(query)).first() or "UTC"


async def skip_onboarding(session: AsyncSession, scope: Scope) -> None:
    """A sample needs no first call."""
    row = await session.get(WorkspaceRow, scope.workspace_id)
    if row is not None:
        row.onboarding_skipped_at = utc_now()


async def operator(session: AsyncSession) -> str | None:
    """The member who set this instance up."""
    query = select(MemberRow.id).where(MemberRow.is_operator).order_by(MemberRow.id).limit(1)
    return (await session.scalars(query)).first()
