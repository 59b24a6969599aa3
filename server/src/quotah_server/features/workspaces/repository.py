"""Rows of workspaces, projects and memberships."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.workspaces.schemas import ProjectOut, WorkspaceOut
from quotah_server.http.deps import Grant, Role
from quotah_server.store.control.models import MembershipRow, ProjectRow, WorkspaceRow


async def grants_of(session: AsyncSession, member_id: str) -> tuple[Grant, ...]:
    """A member's workspaces and roles: real ones before samples, oldest first."""
    query = (
        select(MembershipRow.workspace_id, MembershipRow.role)
        .join(WorkspaceRow, WorkspaceRow.id == MembershipRow.workspace_id)
        .where(MembershipRow.member_id == member_id)
        .order_by(WorkspaceRow.is_sample, WorkspaceRow.id)
    )
    return tuple(Grant(row.workspace_id, _role(row.role)) for row in await session.execute(query))


async def shown(session: AsyncSession, grants: Sequence[Grant]) -> list[WorkspaceOut]:
    """Workspaces in the order of the grants, with their projects."""
    ids = [grant.workspace_id for grant in grants]
    found = {row.id: row for row in await _by_ids(session, ids)}
    projects = await _projects_by_workspace(session, ids)
    return [
        _out(found[grant.workspace_id], grant.role, projects.get(grant.workspace_id, ()))
        for grant in grants
        if grant.workspace_id in found
    ]


async def get(session: AsyncSession, scope: Scope, *, lock: bool = False) -> WorkspaceRow:
    """The workspace of a scope; lock: keep others from changing it until the transaction ends."""
    row = await session.get(WorkspaceRow, scope.workspace_id, with_for_update=lock or None)
    if row is None:
        raise NotFoundError("There is no such workspace.")
    return row


async def named(session: AsyncSession, member_id: str, name: str) -> WorkspaceRow | None:
    """The oldest workspace of that name that the member owns."""
    query = (
        select(WorkspaceRow)
        .join(MembershipRow, MembershipRow.workspace_id == WorkspaceRow.id)
        .where(
            MembershipRow.member_id == member_id,
            MembershipRow.role == "owner",
            WorkspaceRow.name == name,
            WorkspaceRow.is_sample.is_(False),
        )
        .order_by(WorkspaceRow.id)
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def first_project(session: AsyncSession, scope: Scope) -> ProjectRow:
    """The project that takes what names none: the workspace's oldest."""
    query = (
        select(ProjectRow)
        .where(ProjectRow.workspace_id == scope.workspace_id)
        .order_by(ProjectRow.id)
        .limit(1)
    )
    row = (await session.scalars(query)).first()
    if row is None:
        raise NotFoundError("The workspace has no project.", field="project_id")
    return row


async def project(session: AsyncSession, scope: Scope, project_id: str) -> ProjectRow:
    """A project of the scope's workspace; raises NotFoundError for any other."""
    query = select(ProjectRow).where(
        ProjectRow.workspace_id == scope.workspace_id, ProjectRow.id == project_id
    )
    row = (await session.scalars(query)).first()
    if row is None:
        raise NotFoundError("There is no such project in this workspace.", field="project_id")
    return row


async def project_ids(session: AsyncSession, scope: Scope) -> frozenset[str]:
    """The projects of the scope's workspace."""
    query = select(ProjectRow.id).where(ProjectRow.workspace_id == scope.workspace_id)
    return frozenset(await session.scalars(query))


async def remove(session: AsyncSession, scope: Scope) -> None:
    """Delete a workspace and all rows that belong to it."""
    await session.execute(delete(WorkspaceRow).where(WorkspaceRow.id == scope.workspace_id))


async def _by_ids(session: AsyncSession, ids: Sequence[str]) -> Sequence[WorkspaceRow]:
    return (await session.scalars(select(WorkspaceRow).where(WorkspaceRow.id.in_(ids)))).all()


async def _projects_by_workspace(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[ProjectRow]]:
    query = select(ProjectRow).where(ProjectRow.workspace_id.in_(ids)).order_by(ProjectRow.id)
    grouped: dict[str, list[ProjectRow]] = {}
    for row in await session.scalars(query):
        grouped.setdefault(row.workspace_id, []).append(row)
    return grouped


def _out(row: WorkspaceRow, role: Role, projects: Iterable[ProjectRow]) -> WorkspaceOut:
    return WorkspaceOut(
        id=prefixed("ws", row.id),
        name=row.name,
        role=role,
        timezone=row.timezone,
        is_sample=row.is_sample,
        projects=[ProjectOut(id=prefixed("prj", found.id), name=found.name) for found in projects],
    )


def _role(text: str) -> Role:
    match text:
        case "owner" | "admin" | "member" | "viewer":
            return text
        case _:
            raise ValueError(f"the database holds the unknown role {text!r}")


async def first_or(session: AsyncSession, wanted: str | None) -> str | None:
    """For the operator: the workspace asked for if it exists, else the oldest that is no sample."""
    query = select(WorkspaceRow.id)
    if wanted is not None:
        query = query.where(WorkspaceRow.id == wanted)
    else:
        query = query.where(WorkspaceRow.is_sample.is_(False)).order_by(WorkspaceRow.id).limit(1)
    return (await session.scalars(query)).first()
