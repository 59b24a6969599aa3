"""Rows of provider credentials."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.providers.schemas import CredentialOut
from quotah_server.store.control.models import ProviderCredentialRow


async def page(
    session: AsyncSession, scope: Scope, *, before: str | None, limit: int
) -> list[ProviderCredentialRow]:
    """Credentials of a workspace, newest first, older than the id ``before``."""
    query = select(ProviderCredentialRow).where(
        ProviderCredentialRow.workspace_id == scope.workspace_id
    )
    if before is not None:
        query = query.where(ProviderCredentialRow.id < before)
    query = query.order_by(ProviderCredentialRow.id.desc()).limit(limit)
    return list(await session.scalars(query))


async def get(session: AsyncSession, scope: Scope, credential_id: str) -> ProviderCredentialRow:
    """A credential of the workspace; raises NotFoundError for any other."""
    query = select(ProviderCredentialRow).where(
        ProviderCredentialRow.workspace_id == scope.workspace_id,
        ProviderCredentialRow.id == credential_id,
    )
    row = (await session.scalars(query)).first()
    if row is None:
        raise NotFoundError("There is no such provider key in this workspace.")
    return row


async def mocks(session: AsyncSession, scope: Scope) -> dict[str, ProviderCredentialRow]:
    """The stand-ins of a workspace, by provider."""
    query = select(ProviderCredentialRow).where(
        ProviderCredentialRow.workspace_id == scope.workspace_id,
        ProviderCredentialRow.is_mock.is_(True),
    )
    return {row.provider: row for row in await session.scalars(query)}


async def any_mock(session: AsyncSession) -> bool:
    """Whether any workspace uses the built-in stand-in."""
    query = select(ProviderCredentialRow.id).where(ProviderCredentialRow.is_mock.is_(True)).limit(1)
    return (await session.execute(query)).first() is not None


async def any_credential(session: AsyncSession, scope: Scope) -> bool:
    """Whether the workspace has a provider key at all."""
    query = (
        select(ProviderCredentialRow.id)
        .where(ProviderCredentialRow.workspace_id == scope.workspace_id)
        .limit(1)
    )
    return (await session.execute(query)).first() is not None


async def serving(
    session: AsyncSession, scope: Scope, provider: str
) -> ProviderCredentialRow | None:
    """The credential that the gateway uses for a provider: the newest real one, else the stand-in."""
    query = (
        select(ProviderCredentialRow)
        .where(
            ProviderCredentialRow.workspace_id == scope.workspace_id,
            ProviderCredentialRow.provider == provider,
        )
        .order_by(ProviderCredentialRow.is_mock, ProviderCredentialRow.id.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def all_of_them(session: AsyncSession) -> list[ProviderCredentialRow]:
    """For the operator: the credentials of every workspace."""
    query = select(ProviderCredentialRow).order_by(ProviderCredentialRow.id)
    return list(await session.scalars(query))


async def remove(session: AsyncSession, row: ProviderCredentialRow) -> None:
    await session.execute(
        delete(ProviderCredentialRow).where(
            ProviderCredentialRow.workspace_id == row.workspace_id,
            ProviderCredentialRow.id == row.id,
        )
    )


def shown(row: ProviderCredentialRow) -> CredentialOut:
    """A credential as the API shows it: the fields are named one by one, the secret is not among them."""
    return CredentialOut.model_validate(
        {
            "id": prefixed("cred", row.id),
            "provider": row.provider,
            "name": row.name,
            "base_url": row.base_url,
            "hint": row.hint,
            "fingerprint": row.fingerprint,
            "status": row.status,
            "is_mock": row.is_mock,
            "created_at": row.created_at,
            "last_used_at": row.last_used_at,
            "last_error": row.last_error,
        }
    )
