"""Keep the workspace's routes in their order. Every change reaches the gateway within five seconds."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import ConflictError, InvalidInputError
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.routing import Route
from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.routes import convert, repository
from quotah_server.features.routes.checks import check
from quotah_server.features.routes.schemas import RouteIn, RouteList, RouteOut
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import GatewayRouteRow

ROUTES_MAX = 100


async def listed(session: AsyncSession, scope: Scope) -> RouteList:
    """The workspace's routes, the first to look at first."""
    rows = await repository.of_workspace(session, scope)
    return RouteList(items=[repository.shown(row, number) for number, row in enumerate(rows)])


async def get(session: AsyncSession, scope: Scope, route_id: str) -> RouteOut:
    """One route; raises NotFoundError."""
    position, row = repository.one_of(await repository.of_workspace(session, scope), route_id)
    return repository.shown(row, position)


async def create(
    session: AsyncSession, actor: Actor, scope: Scope, fields: RouteIn, created_by: str | None
) -> RouteOut:
    """Add a route as the last one."""
    rows = await _locked(session, scope)
    if len(rows) >= ROUTES_MAX:
        raise ConflictError(f"A workspace has {ROUTES_MAX} routes at most.")
    route = convert.read(fields, new_id())
    check_name(rows, route)
    await check(session, scope, route)
    row = add(session, actor, scope, route, position_after(rows), created_by)
    await session.flush()
    await snapshot.touch(session)
    return repository.shown(row, len(rows))


async def replace(
    session: AsyncSession, actor: Actor, scope: Scope, route_id: str, fields: RouteIn
) -> RouteOut:
    """Write a route anew, at its place."""
    rows = await _locked(session, scope)
    position, row = repository.one_of(rows, route_id)
    route = convert.read(fields, row.id)
    check_name(rows, route)
    await check(session, scope, route)
    if rewrite(session, actor, row, route):
        await snapshot.touch(session)
    return repository.shown(row, position)


async def remove(session: AsyncSession, actor: Actor, scope: Scope, route_id: str) -> None:
    """Delete a route."""
    _, row = repository.one_of(await _locked(session, scope), route_id)
    await drop(session, actor, row)
    await snapshot.touch(session)


async def order(session: AsyncSession, actor: Actor, scope: Scope, ids: list[str]) -> RouteList:
    """Put the routes in an order; ids names each of them once. Raises ConflictError where it does not,
    as when somebody else added one meanwhile."""
    rows = {row.id: row for row in await _locked(session, scope)}
    if len(ids) != len(rows) or set(ids) != rows.keys():
        raise ConflictError(
            "The order does not name each route of the workspace once; list them again.",
            field="ids",
        )
    if arrange(session, actor, scope, list(rows.values()), [rows[one] for one in ids]):
        await snapshot.touch(session)
    return RouteList(items=[repository.shown(rows[one], number) for number, one in enumerate(ids)])


def check_name(rows: list[GatewayRouteRow], route: Route) -> None:
    """Names tell routes apart: raises InvalidInputError for one that another route has."""
    if any(row.name == route.name and row.id != route.id for row in rows):
        raise InvalidInputError("There is a route of this name already.", field="name")


def position_after(rows: list[GatewayRouteRow]) -> int:
    """The position behind some routes."""
    return max((row.position for row in rows), default=-1) + 1


def add(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    route: Route,
    position: int,
    created_by: str | None,
) -> GatewayRouteRow:
    """Add a row that was checked."""
    now = utc_now()
    row = GatewayRouteRow(
        id=route.id, workspace_id=scope.workspace_id, created_by=created_by, position=position,
        name=route.name, enabled=route.enabled, body=convert.body_of(route),
        created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(row)
    audit.record(
        session, actor, "route.created", ("route", row.id), workspace_id=scope.workspace_id,
        after=told(row),
    )  # fmt: skip
    return row


def rewrite(session: AsyncSession, actor: Actor, row: GatewayRouteRow, route: Route) -> bool:
    """Write a route that was checked into its row; False where that changes nothing."""
    before = told(row)
    row.name, row.enabled, row.body = route.name, route.enabled, convert.body_of(route)
    after = told(row)
    if before == after:
        return False
    row.updated_at = utc_now()
    changed = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    audit.record(
        session, actor, "route.changed", ("route", row.id), workspace_id=row.workspace_id,
        before={name: before.get(name) for name in changed},
        after={name: after.get(name) for name in changed},
    )  # fmt: skip
    return True


async def drop(session: AsyncSession, actor: Actor, row: GatewayRouteRow) -> None:
    """Delete a row."""
    audit.record(
        session, actor, "route.deleted", ("route", row.id), workspace_id=row.workspace_id,
        before=told(row),
    )  # fmt: skip
    await repository.remove(session, row)


def arrange(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    before: list[GatewayRouteRow],
    after: list[GatewayRouteRow],
) -> bool:
    """Number rows anew; False where those of before stand as they stood."""
    old = [row.id for row in before]
    moved = old != [row.id for row in after if row.id in old]
    for position, row in enumerate(after):
        row.position = position
    if moved:
        audit.record(
            session, actor, "routes.ordered", ("workspace", scope.workspace_id),
            workspace_id=scope.workspace_id,
            before={"ids": [prefixed(convert.NOUN, row.id) for row in before]},
            after={"ids": [prefixed(convert.NOUN, row.id) for row in after]},
        )  # fmt: skip
    return moved


async def _locked(session: AsyncSession, scope: Scope) -> list[GatewayRouteRow]:
    """The routes of a workspace, which nobody else changes before the transaction ends."""
    await workspaces.get(session, scope, lock=True)
    return await repository.of_workspace(session, scope)


def told(row: GatewayRouteRow) -> dict[str, Any]:
    """A route as the audit log tells of it."""
    return {"name": row.name, "enabled": row.enabled, **row.body}
