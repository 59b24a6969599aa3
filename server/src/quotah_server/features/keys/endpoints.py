"""GET and POST /keys, PATCH and DELETE /keys/{id}."""

from __future__ import annotations

from fastapi import APIRouter

from quotah_server.domain.errors import ForbiddenError, InvalidIdError, InvalidInputError
from quotah_server.domain.ids import parse_id
from quotah_server.features.keys import service
from quotah_server.features.keys.schemas import KeyCreated, KeyIn, KeyOut, KeyPage, KeyPatch
from quotah_server.http.deps import Acting, AdminScoped, Db, MemberScoped, Scoped, outer_id
from quotah_server.http.pagination import Cursor, Limit
from quotah_server.http.problem import problems

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("", operation_id="keys_list", responses=problems(401, 403, 404))
async def list_keys(
    access: Scoped, session: Db, limit: Limit = 50, cursor: Cursor = None
) -> KeyPage:
    """List the workspace's keys, newest first; secrets are not among what is listed."""
    return await service.listed(session, access.scope, cursor, limit)


@router.post("", operation_id="key_create", status_code=201, responses=problems(401, 403, 404))
async def create_key(body: KeyIn, access: MemberScoped, actor: Acting, session: Db) -> KeyCreated:
    """Mint a key. The answer is the only place where it is ever shown."""
    if body.kind == "admin" and not access.at_least("admin"):
        raise ForbiddenError(f"An admin key takes the role admin; yours is {access.role}.")
    return await service.create(
        session, actor, access.scope, kind=body.kind, name=body.name,
        project_id=_project(body.project_id), expires_at=body.expires_at,
        settings=service.settings_in(body), created_by=access.principal.member_id,
    )  # fmt: skip


@router.patch("/{key_id}", operation_id="key_update", responses=problems(401, 403, 404, 409))
async def update_key(
    key_id: str, body: KeyPatch, access: AdminScoped, actor: Acting, session: Db
) -> KeyOut:
    """Change what a key may do; the gateway knows within five seconds."""
    return await service.change(session, actor, access.scope, outer_id(key_id, "key"), body)


@router.delete(
    "/{key_id}", operation_id="key_revoke", status_code=204, responses=problems(401, 403, 404)
)
async def revoke_key(key_id: str, access: MemberScoped, actor: Acting, session: Db) -> None:
    """Revoke a key: the gateway refuses it within five seconds, everything else at once."""
    wanted = outer_id(key_id, "key")
    maker = await service.maker(session, access.scope, wanted)
    own = maker is not None and maker == access.principal.member_id
    if not own and not access.at_least("admin"):
        raise ForbiddenError(f"This takes the role admin; yours is {access.role}.")
    await service.revoke(session, actor, access.scope, wanted)


def _project(text: str | None) -> str | None:
    try:
        return None if text is None else parse_id(text, "prj")
    except InvalidIdError as error:
        raise InvalidInputError(
            "project_id is not the id of a project.", field="project_id"
        ) from error
