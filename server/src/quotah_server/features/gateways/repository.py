"""Note in the rows of provider keys how they do. Marks only ever move forward in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.gateway_state import CredentialState
from quotah_server.domain.scope import Scope
from quotah_server.features.gateways.reports import newest
from quotah_server.store.control.models import ProviderCredentialRow

_AT_ONCE = 500


async def of_workspace(session: AsyncSession, scope: Scope) -> list[ProviderCredentialRow]:
    """The provider keys of a workspace."""
    query = select(ProviderCredentialRow).where(
        ProviderCredentialRow.workspace_id == scope.workspace_id
    )
    return list(await session.scalars(query))


async def note(session: AsyncSession, told: Sequence[CredentialState]) -> set[str]:
    """Write what is newer than the rows are; the ids of the rows that changed.

    A state of a credential that is gone, or is another workspace's, is passed over.
    """
    changed: set[str] = set()
    for start in range(0, len(told), _AT_ONCE):
        by_id = {state.credential_id: state for state in told[start : start + _AT_ONCE]}
        query = select(ProviderCredentialRow).where(ProviderCredentialRow.id.in_(by_id))
        for row in await session.scalars(query):
            if row.workspace_id == by_id[row.id].workspace_id and _apply(row, by_id[row.id]):
                changed.add(row.id)
    return changed


def _apply(row: ProviderCredentialRow, state: CredentialState) -> bool:
    """Whether a state told anything that the row did not know.

    Verdicts of before a key was replaced are older than the verdict that the new one was stored with.
    """
    at = newest(state)
    known = _latest(row.last_used_at, row.last_error_at)
    if at is None or (known is not None and at < known):
        return False
    if at == known and row.status == state.health:
        return False
    row.status = state.health
    row.last_used_at = _latest(row.last_used_at, state.last_used_at)
    if state.last_error_at is not None:
        row.last_error, row.last_error_at = state.last_error, state.last_error_at
    elif state.health == "healthy":
        row.last_error = row.last_error_at = None
    return True


def _latest(*times: datetime | None) -> datetime | None:
    return max((at for at in times if at is not None), default=None)
