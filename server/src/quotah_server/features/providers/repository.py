"""Rows of provider credentials."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.gateway_state import CredentialState
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.providers.mounts import Mounted, UsedKey, vendors
from quotah_server.features.providers.schemas import CredentialOut, CredentialPatch
from quotah_server.features.providers.verdict import Judged
from quotah_server.features.snapshot.repository import filled, in_use
from quotah_server.providers.registry import ACCOUNTS
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


async def of_workspace(session: AsyncSession, scope: Scope) -> list[ProviderCredentialRow]:
    """All credentials of a workspace, newest first."""
    query = (
        select(ProviderCredentialRow)
        .where(ProviderCredentialRow.workspace_id == scope.workspace_id)
        .order_by(ProviderCredentialRow.id.desc())
    )
    return list(await session.scalars(query))


async def mounts(session: AsyncSession, scope: Scope) -> dict[str, Mounted]:
    """What each mount of the workspace stands for: those of vendors without a key here included."""
    found = vendors()
    rows = [row for row in await of_workspace(session, scope) if row.provider in ACCOUNTS]
    for name in {row.mount for row in rows}:
        there = [row for row in rows if row.mount == name]
        keys = tuple(UsedKey(row.id, row.name, row.hint, row.weight) for row in in_use(there))
        found[name] = Mounted(name, there[0].provider, stored=True, keys=keys)
    return found


async def get(
    session: AsyncSession, scope: Scope, credential_id: str, *, lock: bool = False
) -> ProviderCredentialRow:
    """A credential of the workspace; raises NotFoundError for any other."""
    query = select(ProviderCredentialRow).where(
        ProviderCredentialRow.workspace_id == scope.workspace_id,
        ProviderCredentialRow.id == credential_id,
    )
    row = (await session.scalars(query.with_for_update() if lock else query)).first()
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
    """A credential that the gateway uses for a provider: the newest real one that is in use, else the
    stand-in."""
    query = (
        select(ProviderCredentialRow)
        .where(
            ProviderCredentialRow.workspace_id == scope.workspace_id,
            ProviderCredentialRow.provider == provider,
            ProviderCredentialRow.enabled.is_(True),
        )
        .order_by(ProviderCredentialRow.is_mock, ProviderCredentialRow.id.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def scope_of(session: AsyncSession, credential_id: str) -> Scope:
    """For the operator: the workspace that a credential belongs to."""
    query = select(ProviderCredentialRow.workspace_id).where(
        ProviderCredentialRow.id == credential_id
    )
    workspace_id = (await session.scalars(query)).first()
    if workspace_id is None:
        raise NotFoundError("There is no such provider key.", field="id")
    return Scope(workspace_id)


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


def put(row: ProviderCredentialRow, judged: Judged) -> None:
    """Put a sealed key, its address and the verdict on it into a row."""
    for name, value in msgspec.structs.asdict(judged).items():
        setattr(row, name, value)


def apply(
    row: ProviderCredentialRow, patch: CredentialPatch, settings: dict[str, str] | None
) -> None:
    """Write what a change names, beside the key itself."""
    if patch.name is not None:
        row.name = patch.name
    if patch.weight is not None:
        row.weight = patch.weight
    if patch.enabled is not None:
        row.enabled = patch.enabled
    if settings is not None:
        row.settings = settings


def shown(row: ProviderCredentialRow, state: CredentialState | None = None) -> CredentialOut:
    """A credential as the API shows it: the fields are named one by one, the secret is not among them.

    state: what gateways say of it now.
    """
    account = ACCOUNTS.get(row.provider)
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
            "last_error_at": row.last_error_at,
            "mount": row.mount,
            "weight": row.weight,
            "enabled": row.enabled,
            "allow_private": row.allow_private,
            "settings": filled(account, row.settings) if account else row.settings,
            "breaker": state.breaker if state else "closed",
            "open_until": state.open_until if state else None,
        }
    )
