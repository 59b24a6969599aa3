"""GET /instance and POST /setup."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from quotah_server.features.auth.endpoints import Hashing, Policy
from quotah_server.features.members import service as members
from quotah_server.features.members.schemas import Me
from quotah_server.features.setup import service
from quotah_server.features.setup.schemas import InstanceOut, SetupIn
from quotah_server.http import cookies
from quotah_server.http.deps import Actor, Control, Db, open_to_all, part
from quotah_server.http.frame import frame_of
from quotah_server.http.problem import problems

router = APIRouter(tags=["setup"])

Known = Annotated[service.Instance, Depends(part(service.Instance))]


@router.get("/instance", operation_id="instance_get", dependencies=[Depends(open_to_all)])
async def get_instance(instance: Known, session: Db) -> InstanceOut:
    """Tell which Quotah this is, where it is reached, and whether it still waits for its owner."""
    return InstanceOut(
        version=instance.version,
        setup_required=await service.is_required(session),
        gateway_url=instance.gateway_url,
        api_url=instance.api_url,
        warnings=list(instance.warnings),
    )


@router.post(
    "/setup",
    operation_id="setup_complete",
    status_code=201,
    responses=problems(401, 403, 409, 503),
    dependencies=[Depends(open_to_all)],
)
async def complete_setup(
    body: SetupIn,
    request: Request,
    response: Response,
    database: Control,
    passwords: Hashing,
    policy: Policy,
) -> Me:
    """Create the owner, a workspace and a project with the one-time token, and sign in."""
    cookies.require_same_origin(request, strict=False)
    frame = frame_of(request)
    signed = await service.set_up(
        database, passwords, Actor("anonymous", None, frame.ip, frame.request_id), body,
        policy=policy, user_agent=request.headers.get("user-agent"),
    )  # fmt: skip
    cookies.set_session(request, response, signed.token, max_age_s=policy.max_age_s)
    async with database.transaction() as session:
        return await members.me(session, signed.member_id, cookies.csrf_token(signed.token))
