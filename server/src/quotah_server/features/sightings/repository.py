"""Write what was seen. Marks only ever move forward in time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.store.control.models import ApiKeyRow, WorkspaceRow


async def key_used(session: AsyncSession, workspace_id: str, key_id: str, at: datetime) -> None:
    """A key of the workspace made a call that ended then."""
    newer = ApiKeyRow.last_used_at.is_(None) | (ApiKeyRow.last_used_at < at)
    await session.execute(
        update(ApiKeyRow)
        .where(ApiKeyRow.workspace_id == workspace_id, ApiKeyRow.id == key_id, newer)
        .values(last_used_at=at)
    )


async def called(session: AsyncSession, workspace_id: str, at: datetime) -> None:
    """A workspace made a call; only the first one is kept."""
    await session.execute(
        update(WorkspaceRow)
        .where(WorkspaceRow.id == workspace_id, WorkspaceRow.first_call_at.is_(None))
        .values(first_call_at=at)
    )
