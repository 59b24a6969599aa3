"""Rows of our keys."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.keys.schemas import KeyOut
from quotah_server.features.keys.settings import KnownKey, listed, settings_of
from quotah_server.store.control.models import ApiKeyRow


async def page(
    session: AsyncSession, scope: Scope, *, before: str | None, limit: int
) -> list[ApiKeyRow]:
    """Keys of a workspace or of one project, newest first, older than the id ``before``."""
    query = select(ApiKeyRow).where(*_within(scope))
    if before is not None:
        query = query.where(ApiKeyRow.id < before)
    query = query.order_by(ApiKeyRow.id.desc()).limit(limit)
    return list(await session.scalars(query))


async def get(session: AsyncSession, scope: Scope, key_id: str) -> ApiKeyRow:
    """A key of the workspace or project, locked for change; another project's is not there."""
    query = select(ApiKeyRow).where(*_within(scope), ApiKeyRow.id == key_id).with_for_update()
    row = (await session.scalars(query)).first()
    if row is None:
        raise NotFoundError("There is no such key in this workspace.")
    return row


async def known(session: AsyncSession, scope: Scope, key_id: str) -> KnownKey | None:
    """A gateway key of the workspace or project, to look at."""
    query = select(ApiKeyRow).where(
        *_within(scope), ApiKeyRow.id == key_id, ApiKeyRow.kind == "gateway"
    )
    row = (await session.scalars(query)).first()
    if row is None or row.project_id is None:
        return None
    may = settings_of(row.settings)
    return KnownKey(row.id, row.project_id, row.revoked_at, row.expires_at, may)


async def among(session: AsyncSession, scope: Scope, ids: Collection[str]) -> set[str]:
    """Those of some ids that are keys of the scope."""
    query = select(ApiKeyRow.id).where(*_within(scope), ApiKeyRow.id.in_(ids))
    return set(await session.scalars(query))


async def living_named(session: AsyncSession, scope: Scope, name: str) -> list[ApiKeyRow]:
    """Keys of a name that are not revoked."""
    query = select(ApiKeyRow).where(
        ApiKeyRow.workspace_id == scope.workspace_id,
        ApiKeyRow.name == name,
        ApiKeyRow.revoked_at.is_(None),
    )
    return list(await session.scalars(query))


async def has_kind(session: AsyncSession, scope: Scope, kind: str) -> bool:
    """Whether the workspace has a key of a kind that is not revoked."""
    query = (
        select(ApiKeyRow.id)
        .where(
            ApiKeyRow.workspace_id == scope.workspace_id,
            ApiKeyRow.kind == kind,
            ApiKeyRow.revoked_at.is_(None),
        )
        .limit(1)
    )
    return (await session.execute(query)).first() is not None


def shown(row: ApiKeyRow) -> KeyOut:
    """A key as the API shows it."""
    return KeyOut.model_validate(
        {
            "id": prefixed("key", row.id),
            "name": row.name,
            "kind": row.kind,
            "prefix": row.prefix,
            "hint": row.hint,
            "project_id": prefixed("prj", row.project_id) if row.project_id else None,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "last_used_at": row.last_used_at,
            "revoked_at": row.revoked_at,
            **listed(settings_of(row.settings)),
        }
    )


async def scope_of(session: AsyncSession, key_id: str) -> Scope:
    """For the operator: the workspace that a key belongs to."""
    query = select(ApiKeyRow.workspace_id).where(ApiKeyRow.id == key_id)
    workspace_id = (await session.scalars(query)).first()
    if workspace_id is None:
        raise NotFoundError("There is no such key.", field="id")
    return Scope(workspace_id)


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    bounds = [ApiKeyRow.workspace_id == scope.workspace_id]
    if scope.project_id is not None:
        bounds.append(ApiKeyRow.project_id == scope.project_id)
    return bounds
