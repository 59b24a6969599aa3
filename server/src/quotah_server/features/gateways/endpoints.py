"""GET /gateways and GET /limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from quotah_server.features.gateways.schemas import GatewayList, LimitList
from quotah_server.features.gateways.service import Gateways
from quotah_server.http.deps import Db, Scoped, part
from quotah_server.http.problem import problems

router = APIRouter(tags=["gateways"])

Heard = Annotated[Gateways, Depends(part(Gateways))]


@router.get("/gateways", operation_id="gateways_list", responses=problems(401, 403, 404))
async def list_gateways(_access: Scoped, gateways: Heard) -> GatewayList:
    """List the gateways that were heard of in the last minute. They are the instance's: what they tell
    of themselves counts the calls of all workspaces, and says nothing of any one."""
    return gateways.listed()


@router.get("/limits", operation_id="limits_list", responses=problems(401, 403, 404))
async def list_limits(access: Scoped, session: Db, gateways: Heard) -> LimitList:
    """List the providers' limits for the workspace's keys, each as last seen, with when and how."""
    return await gateways.limits(session, access.scope)
