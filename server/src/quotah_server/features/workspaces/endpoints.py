"""GET and POST /workspaces, PATCH /workspaces/{id}."""

from __future__ import annotations

from fastapi import APIRouter

from quotah_server.domain.errors import ForbiddenError
from quotah_server.features.workspaces import service
from quotah_server.features.workspaces.schemas import (
    WorkspaceIn,
    WorkspaceOut,
    WorkspacePage,
    WorkspacePatch,
)
from quotah_server.http.deps import Acting, Db, Grant, Signed, resolve
from quotah_server.http.problem import problems

router = APIRouter(prefix="/workspaces", tags=["workspaces"])


@router.get("", operation_id="workspaces_list", responses=problems(401, 403))
async def list_workspaces(principal: Signed, session: Db) -> WorkspacePage:
    """List the workspaces that you may enter, the default one first."""
    return WorkspacePage(items=await service.listed(session, principal.grants), next_cursor=None)


@router.post("", operation_id="workspace_create", status_code=201, responses=problems(401, 403))
async def create_workspace(
    body: WorkspaceIn, principal: Signed, actor: Acting, session: Db
) -> WorkspaceOut:
    """Make a workspace that you own."""
    scope = await service.create(
        session, actor, owner_id=principal.require_member, name=body.name, timezone=body.timezone
    )
    return (await service.listed(session, (Grant(scope.workspace_id, "owner"),)))[0]


@router.patch("/{workspace_id}", operation_id="workspace_update", responses=problems(401, 403, 404))
async def update_workspace(
    workspace_id: str, body: WorkspacePatch, principal: Signed, actor: Acting, session: Db
) -> WorkspaceOut:
    """Rename a workspace, or set the time zone in which its days begin."""
    access = resolve(principal, workspace_id)
    if not access.at_least("admin"):
        raise ForbiddenError(f"This takes the role admin; yours is {access.role}.")
    await service.change(session, actor, access.scope, body)
    return (await service.listed(session, (Grant(access.workspace_id, access.role),)))[0]
