"""Rows of routes."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.routing import Route
from quotah_server.domain.scope import Scope
from quotah_server.features.routes import convert
from quotah_server.features.routes.schemas import RouteOut
from quotah_server.features.snapshot.repository import route_of
from quotah_server.store.control.models import GatewayRouteRow


async def of_workspace(session: AsyncSession, scope: Scope) -> list[GatewayRouteRow]:
    """The workspace's routes in the order in which they are looked at."""
    query = (
        select(GatewayRouteRow)
        .where(GatewayRouteRow.workspace_id == scope.workspace_id)
        .order_by(GatewayRouteRow.position, GatewayRouteRow.id)
    )
    return list(await session.scalars(query))


def one_of(rows: list[GatewayRouteRow], route_id: str) -> tuple[int, GatewayRouteRow]:
    """A route among the workspace's and its place there; raises NotFoundError for any other."""
    for position, row in enumerate(rows):
        if row.id == route_id:
            return position, row
    raise NotFoundError("There is no such route in this workspace.")


async def remove(session: AsyncSession, row: GatewayRouteRow) -> None:
    await session.execute(
        delete(GatewayRouteRow).where(
            GatewayRouteRow.workspace_id == row.workspace_id, GatewayRouteRow.id == row.id
        )
    )


def shown(row: GatewayRouteRow, position: int) -> RouteOut:
    """A route as the API shows it."""
    return RouteOut(
        id=prefixed(convert.NOUN, row.id), position=position,
        created_at=row.created_at, updated_at=row.updated_at, **convert.written(route_of(row)),
    )  # fmt: skip


def following(rows: list[GatewayRouteRow]) -> list[Route]:
    """Routes as the gateway follows them."""
    return [route_of(row) for row in rows]
