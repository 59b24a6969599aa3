"""The signed-in member as the API shows it."""

from __future__ import annotations

from pydantic import BaseModel

from quotah_server.features.workspaces.schemas import WorkspaceOut


class MemberOut(BaseModel):
    """An account of Quotah."""

    id: str
    email: str
    name: str


class Me(BaseModel):
    """Who is signed in, where they may go, and the token that changing requests carry
    (header x-quotah-csrf)."""

    member: MemberOut
    csrf_token: str
    workspaces: list[WorkspaceOut]
