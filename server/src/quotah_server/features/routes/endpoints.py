"""GET and POST /routes, GET, PUT and DELETE /routes/{id}, PUT /routes/order, POST /routes/dry-run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool

from quotah_server.domain.errors import InvalidIdError, InvalidInputError
from quotah_server.domain.ids import parse_id
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.routes import service
from quotah_server.features.routes.convert import NOUN
from quotah_server.features.routes.dryrun import told
from quotah_server.features.routes.scene import look
from quotah_server.features.routes.schemas import (
    DryRunIn,
    DryRunOut,
    OrderIn,
    RouteIn,
    RouteList,
    RouteOut,
)
from quotah_server.http.deps import Acting, Db, Scoped, WholeScoped, outer_id, part
from quotah_server.http.problem import problems
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.prices import Prices

router = APIRouter(prefix="/routes", tags=["routes"])

Heard = Annotated[Gateways, Depends(part(Gateways))]
Books = Annotated[Prices, Depends(part(Prices))]


@router.get("", operation_id="routes_list", responses=problems(401, 403, 404))
async def list_routes(access: Scoped, session: Db) -> RouteList:
    """List the workspace's routes: the first enabled one that matches a call is followed."""
    return await service.listed(session, access.scope)


@router.post(
    "", operation_id="route_create", status_code=201, responses=problems(401, 403, 404, 409)
)
async def create_route(body: RouteIn, access: WholeScoped, actor: Acting, session: Db) -> RouteOut:
    """Add a route as the last one; the gateway follows it within five seconds."""
    return await service.create(session, actor, access.scope, body, access.principal.member_id)


@router.put("/order", operation_id="routes_order", responses=problems(401, 403, 404, 409))
async def order_routes(body: OrderIn, access: WholeScoped, actor: Acting, session: Db) -> RouteList:
    """Put the routes in an order; ``ids`` names each of them once."""
    return await service.order(session, actor, access.scope, _ids(body.ids))


@router.post("/dry-run", operation_id="route_dry_run", responses=problems(401, 403, 404))
async def dry_run(
    body: DryRunIn, access: Scoped, session: Db, gateways: Heard, prices: Books
) -> DryRunOut:
    """Tell what the gateway would do with a request, with the routes that are saved or with a draft
    among them. Nothing is sent and nothing is saved."""
    book = prices.book_for(access.workspace_id)
    scene = await look(session, access.scope, body, gateways, book, utc_now())
    return await run_in_threadpool(told, scene)


@router.get("/{route_id}", operation_id="route_get", responses=problems(401, 403, 404))
async def get_route(route_id: str, access: Scoped, session: Db) -> RouteOut:
    """One route."""
    return await service.get(session, access.scope, outer_id(route_id, NOUN))


@router.put("/{route_id}", operation_id="route_update", responses=problems(401, 403, 404))
async def update_route(
    route_id: str, body: RouteIn, access: WholeScoped, actor: Acting, session: Db
) -> RouteOut:
    """Write a route anew; it keeps its place."""
    return await service.replace(session, actor, access.scope, outer_id(route_id, NOUN), body)


@router.delete(
    "/{route_id}", operation_id="route_delete", status_code=204, responses=problems(401, 403, 404)
)
async def delete_route(route_id: str, access: WholeScoped, actor: Acting, session: Db) -> None:
    """Delete a route for good."""
    await service.remove(session, actor, access.scope, outer_id(route_id, NOUN))


def _ids(texts: list[str]) -> list[str]:
    try:
        return [parse_id(text, NOUN) for text in texts]
    except InvalidIdError as error:
        raise InvalidInputError("ids holds what is no id of a route.", field="ids") from error
