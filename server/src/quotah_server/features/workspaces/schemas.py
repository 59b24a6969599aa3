"""Workspaces as the API shows and takes them."""

from __future__ import annotations

from pydantic import BaseModel

from quotah_server.http.deps import Role
from quotah_server.http.fields import Body, Name, Timezone


class ProjectOut(BaseModel):
    """A part of a workspace that calls are booked to."""

    id: str
    name: str


class WorkspaceOut(BaseModel):
    """A workspace as one of its members sees it. timezone: where its days begin."""

    id: str
    name: str
    role: Role
    timezone: str
    is_sample: bool
    projects: list[ProjectOut]


class WorkspacePage(BaseModel):
    items: list[WorkspaceOut]
    next_cursor: str | None


class WorkspaceIn(Body):
    name: Name
    timezone: Timezone = "UTC"


class WorkspacePatch(Body):
    """What may be changed; absent fields stay."""

    name: Name | None = None
    timezone: Timezone | None = None
