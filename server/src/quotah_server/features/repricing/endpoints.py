"""POST /prices/reprice, GET /prices/reprices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from quotah_server.features.repricing.schemas import RepriceIn, RepriceList, RepriceOut
from quotah_server.features.repricing.service import RepriceService
from quotah_server.http.deps import Acting, AdminScoped, Scoped, part
from quotah_server.http.problem import problems

router = APIRouter(prefix="/prices", tags=["prices"])

Repricing = Annotated[RepriceService, Depends(part(RepriceService))]


@router.post("/reprice", operation_id="prices_reprice", responses=problems(401, 403, 404, 409, 503))
async def reprice(
    body: RepriceIn, access: AdminScoped, actor: Acting, repricing: Repricing
) -> RepriceOut:
    """Price stored calls by the prices of now, or tell what that would change (``dry_run``)."""
    if body.dry_run:
        return await repricing.plan(access.scope, body)
    return await repricing.apply(actor, access.scope, body)


@router.get("/reprices", operation_id="prices_reprices", responses=problems(401, 403, 404, 503))
async def list_reprices(access: Scoped, repricing: Repricing) -> RepriceList:
    """List what was applied, newest first."""
    return await repricing.listed(access.scope)
