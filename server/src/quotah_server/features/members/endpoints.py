"""GET /me."""

from __future__ import annotations

from fastapi import APIRouter, Request

from quotah_server.features.members import service
from quotah_server.features.members.schemas import Me
from quotah_server.http.cookies import csrf_token, session_token
from quotah_server.http.deps import Db, Signed
from quotah_server.http.problem import problems

router = APIRouter(tags=["members"])


@router.get("/me", operation_id="me_get", responses=problems(401, 403))
async def get_me(request: Request, principal: Signed, session: Db) -> Me:
    """Tell who is signed in, with the token that changing requests by cookie must carry."""
    member_id = principal.require_member
    return await service.me(session, member_id, csrf_token(session_token(request) or ""))
