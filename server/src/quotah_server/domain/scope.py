"""Whose data a question is about. No repository can be asked without one."""

from __future__ import annotations

import msgspec


class Scope(msgspec.Struct, frozen=True):
    """A workspace, or one project of it. Ids are 32 hex digits; project_id None means all projects."""

    workspace_id: str
    project_id: str | None = None
