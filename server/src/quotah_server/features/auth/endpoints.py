"""POST /auth/login and /auth/logout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from quotah_server.features.auth import service
from quotah_server.features.auth.passwords import Passwords
from quotah_server.features.auth.schemas import Credentials
from quotah_server.features.members import service as members
from quotah_server.features.members.schemas import Me
from quotah_server.http import cookies
from quotah_server.http.deps import Acting, Actor, Control, Db, Signed, open_to_all, part
from quotah_server.http.frame import frame_of
from quotah_server.http.problem import problems

router = APIRouter(prefix="/auth", tags=["auth"])

Hashing = Annotated[Passwords, Depends(part(Passwords))]
Policy = Annotated[service.SessionPolicy, Depends(part(service.SessionPolicy))]


@router.post(
    "/login",
    operation_id="session_create",
    responses=problems(401, 403, 429, 503),
    dependencies=[Depends(open_to_all)],
)
async def create_session(
    body: Credentials,
    request: Request,
    response: Response,
    database: Control,
    passwords: Hashing,
    policy: Policy,
) -> Me:
    """Sign in: sets the session cookie."""
    cookies.require_same_origin(request, strict=False)
    frame = frame_of(request)
    signed = await service.sign_in(
        database, passwords, Actor("anonymous", None, frame.ip, frame.request_id),
        email=body.email, password=body.password, policy=policy,
        user_agent=request.headers.get("user-agent"),
    )  # fmt: skip
    cookies.set_session(request, response, signed.token, max_age_s=policy.max_age_s)
    async with database.transaction() as session:
        return await members.me(session, signed.member_id, cookies.csrf_token(signed.token))


@router.post(
    "/logout", operation_id="session_delete", status_code=204, responses=problems(401, 403)
)
async def delete_session(
    request: Request, response: Response, principal: Signed, actor: Acting, session: Db
) -> None:
    """Sign out: ends the session and clears the cookie."""
    if principal.session_id is not None:
        await service.sign_out(session, actor, principal.session_id)
    cookies.clear_session(request, response)
