"""Make, change and remove workspaces."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.ids import new_id
from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces import repository
from quotah_server.features.workspaces.schemas import WorkspaceOut, WorkspacePatch
from quotah_server.http.deps import Actor, Grant
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import MembershipRow, ProjectRow, WorkspaceRow

DEFAULT_PROJECT = "Default"


async def create(
    session: AsyncSession,
    actor: Actor,
    *,
    owner_id: str,
    name: str,
    timezone: str = "UTC",
    is_sample: bool = False,
) -> Scope:
    """Make a workspace with one project, owned by a member; returns the scope of that project."""
    now = utc_now()
    scope = Scope(new_id(), new_id())
    workspace = WorkspaceRow(
        id=scope.workspace_id, name=name, timezone=timezone, is_sample=is_sample, created_at=now,
        onboarding_skipped_at=None, first_call_at=None,
    )  # fmt: skip
    session.add(workspace)
    await session.flush()
    session.add_all(
        (
            ProjectRow(
                id=scope.project_id,
                workspace_id=scope.workspace_id,
                name=DEFAULT_PROJECT,
                created_at=now,
            ),
            MembershipRow(
                workspace_id=scope.workspace_id, member_id=owner_id, role="owner", created_at=now
            ),
        )
    )
    await session.flush()
    audit.record(
        session, actor, "workspace.created", ("workspace", scope.workspace_id),
        workspace_id=scope.workspace_id, after={"name": name, "is_sample": is_sample},
    )  # fmt: skip
    return scope


async def listed(session: AsyncSession, grants: tuple[Grant, ...]) -> list[WorkspaceOut]:
    """The workspaces of these grants, in their order."""
    return await repository.shown(session, grants)


async def change(session: AsyncSession, actor: Actor, scope: Scope, patch: WorkspacePatch) -> None:
    """Set the name or the time zone."""
    row = await repository.get(session, scope, lock=True)
    wanted = patch.model_dump(exclude_none=True)
    before = {field: getattr(row, field) for field in wanted}
    if wanted == before:
        return
    for field, value in wanted.items():
        setattr(row, field, value)
    audit.record(
        session, actor, "workspace.changed", ("workspace", row.id),
        workspace_id=row.id, before=before, after=wanted,
    )  # fmt: skip


async def remove(session: AsyncSession, actor: Actor, scope: Scope) -> None:
    """Delete a workspace with its keys, credentials and memberships; its events are another store's."""
    row = await repository.get(session, scope, lock=True)
    audit.record(
        session, actor, "workspace.removed", ("workspace", row.id),
        workspace_id=row.id, before={"name": row.name, "is_sample": row.is_sample},
    )  # fmt: skip
    await repository.remove(session, scope)
    await snapshot.touch(session)
