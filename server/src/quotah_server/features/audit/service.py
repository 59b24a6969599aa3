"""Write the history. A row is part of the transaction that it tells of: both or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.ids import new_id
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import AuditRow


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    subject: tuple[str, str | None],
    *,
    workspace_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one row: action in the past tense (``key.revoked``), subject as (noun, id).

    before and after hold the changed values, never a secret: callers name the fields they pass.
    """
    session.add(
        AuditRow(
            id=new_id(), at=utc_now(), workspace_id=workspace_id,
            actor_kind=actor.kind, actor_id=actor.id, action=action,
            subject_kind=subject[0], subject_id=subject[1],
            ip=actor.ip, request_id=actor.request_id,
            before=dict(before or {}), after=dict(after or {}),
        )
    )  # fmt: skip
