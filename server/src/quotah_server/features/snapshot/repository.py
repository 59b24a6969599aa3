"""Read what the gateway must know, and count its versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.routing import Route
from quotah_server.domain.snapshot import Credential, Mount
from quotah_server.providers.base import Account
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.control.models import (
    ApiKeyRow,
    GatewayRouteRow,
    InstanceRow,
    ProviderCredentialRow,
)

_log = structlog.get_logger("quotah.snapshot")


async def version(session: AsyncSession) -> int:
    """The current version."""
    return (await session.execute(select(InstanceRow.snapshot_version))).scalar_one()


async def raise_version(session: AsyncSession) -> None:
    """Count one up; the row's lock puts concurrent changes in order."""
    grown = InstanceRow.snapshot_version + 1
    await session.execute(update(InstanceRow).values(snapshot_version=grown))


async def gateway_keys(session: AsyncSession, now: datetime) -> Sequence[ApiKeyRow]:
    """Gateway keys of all workspaces that are valid now."""
    living = or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > now)
    query = select(ApiKeyRow).where(
        ApiKeyRow.kind == "gateway", ApiKeyRow.revoked_at.is_(None), living
    )
    return (await session.scalars(query)).all()


async def mounts(session: AsyncSession, bringing: Collection[str]) -> dict[str, dict[str, Mount]]:
    """Workspace id → path segment → mount.

    bringing: workspaces with a key whose callers may bring
    their own provider key: they reach every provider that has an address of its own, with or without a
    stored key. Rows of a provider that this version does not know are passed over.
    """
    query = select(ProviderCredentialRow).order_by(ProviderCredentialRow.id.desc())
    grouped: dict[str, dict[str, list[ProviderCredentialRow]]] = {}
    for row in await session.scalars(query):
        if row.provider in ACCOUNTS:
            grouped.setdefault(row.workspace_id, {}).setdefault(row.mount, []).append(row)
    found = {
        workspace_id: {
            name: mount for name, listed in by_name.items() if (mount := _mount(name, listed))
        }
        for workspace_id, by_name in grouped.items()
    }
    for workspace_id in bringing:
        own = found.setdefault(workspace_id, {})
        for name, mount in _VENDORS.items():
            own.setdefault(name, mount)
    return {workspace_id: mounts for workspace_id, mounts in found.items() if mounts}


async def routes(session: AsyncSession) -> dict[str, tuple[Route, ...]]:
    """Workspace id → its routes that are in use, in the order in which they are looked at.

    One that cannot be read holds up none of the others.
    """
    query = (
        select(GatewayRouteRow)
        .where(GatewayRouteRow.enabled.is_(True))
        .order_by(GatewayRouteRow.position, GatewayRouteRow.id)
    )
    found: dict[str, list[Route]] = {}
    for row in await session.scalars(query):
        try:
            route = route_of(row)
        except msgspec.ValidationError as error:
            _log.error("route_unreadable", route=row.id, reason=str(error))
            continue
        found.setdefault(row.workspace_id, []).append(route)
    return {workspace_id: tuple(listed) for workspace_id, listed in found.items()}


def route_of(row: GatewayRouteRow) -> Route:
    """A stored route; raises msgspec.ValidationError for a body that no route has."""
    return msgspec.convert(
        {**row.body, "id": row.id, "name": row.name, "enabled": row.enabled}, Route
    )


def in_use(rows: Iterable[ProviderCredentialRow]) -> list[ProviderCredentialRow]:
    """Those of a mount's credentials that the gateway uses.

    The stand-in serves only until there is a real key, switched on or not: nobody wants a made-up
    answer by chance.
    """
    rows = list(rows)
    real = [row for row in rows if not row.is_mock]
    return [row for row in real or rows if row.enabled]


def filled(account: Account, settings: Mapping[str, str]) -> dict[str, str]:
    """All settings of an account, those that were not given by their defaults; empty ones are left out."""
    found = {
        setting.name: settings.get(setting.name) or setting.default for setting in account.settings
    }
    return {name: value for name, value in found.items() if value}


def _mount(name: str, rows: list[ProviderCredentialRow]) -> Mount | None:
    """None where neither a key nor an address is left."""
    account = ACCOUNTS[rows[0].provider]
    credentials = tuple(_credential(account, row) for row in in_use(rows))
    if not credentials and not account.base_url:
        return None
    return Mount(
        name=name, provider=account.provider, dialect=account.dialect, credentials=credentials,
        base_url=account.base_url,
    )  # fmt: skip


def _credential(account: Account, row: ProviderCredentialRow) -> Credential:
    return Credential(
        id=row.id, workspace_id=row.workspace_id, provider=row.provider,
        base_url=row.base_url, secret=row.secret, is_mock=row.is_mock,
        allow_private=row.allow_private, weight=row.weight, settings=filled(account, row.settings),
    )  # fmt: skip


_VENDORS = {
    name: Mount(
        name=name, provider=name, dialect=account.dialect, credentials=(), base_url=account.base_url
    )
    for name, account in ACCOUNTS.items()
    if account.base_url and not account.keyless
}
