"""Who is asking, in which workspace, with which rights: what endpoints declare.

``Signed`` any signed-in member or admin key · ``Scoped`` the same with its workspace resolved (viewer
or better) · ``MemberScoped``, ``AdminScoped``, ``OwnerScoped`` at least that role · ``WholeScoped`` an
admin of all projects, for what concerns them all · ``Ingesting`` an ingest or admin key ·
``open_to_all`` says that an endpoint is open on purpose. ``Db`` is the request's transaction, committed
before the answer leaves. A workspace that is foreign looks like one that is not.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
from fastapi import Depends, Header, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import (
    ForbiddenError,
    InvalidIdError,
    NotFoundError,
    UnauthenticatedError,
)
from quotah_server.domain.ids import parse_id
from quotah_server.domain.scope import Scope
from quotah_server.http import cookies
from quotah_server.http.frame import frame_of
from quotah_server.store.control.session import Database

Role = Literal["viewer", "member", "admin", "owner"]
_RANK: dict[Role, int] = {"viewer": 0, "member": 1, "admin": 2, "owner": 3}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PART = TypeVar("_PART")


class Grant(msgspec.Struct, frozen=True):
    """A role in a workspace."""

    workspace_id: str
    role: Role


class Principal(msgspec.Struct, frozen=True):
    """Who signed the request: a member by session, or one of our keys.

    grants: the workspaces it may enter, the default one first. project_id: set where a key is bound to
    one project. member_id: of a key, the member who made it. is_operator: runs this instance.
    """

    kind: Literal["session", "admin_key", "ingest_key", "gateway_key"]
    grants: tuple[Grant, ...]
    member_id: str | None = None
    key_id: str | None = None
    session_id: str | None = None
    project_id: str | None = None
    is_operator: bool = False

    @property
    def require_member(self) -> str:
        """The member's id; refuses keys, which are nobody."""
        if self.kind != "session" or self.member_id is None:
            raise ForbiddenError("This needs a signed-in member; a key is not one.")
        return self.member_id


class Access(msgspec.Struct, frozen=True):
    """A principal inside one workspace."""

    principal: Principal
    workspace_id: str
    role: Role

    @property
    def project_id(self) -> str | None:
        return self.principal.project_id

    @property
    def scope(self) -> Scope:
        """Whose data this request may touch."""
        return Scope(self.workspace_id, self.principal.project_id)

    def at_least(self, role: Role) -> bool:
        return _RANK[self.role] >= _RANK[role]


class Actor(msgspec.Struct, frozen=True):
    """Who did something and from where, for the audit log."""

    kind: Literal["member", "key", "system", "anonymous"]
    id: str | None = None
    ip: str | None = None
    request_id: str | None = None


SYSTEM = Actor("system")
"""The operator at the command line, or Quotah itself."""


class Authenticator(Protocol):
    """Turns what a request carries into a principal; None for anything that is not valid now."""

    async def session(self, token: str) -> Principal | None: ...

    async def key(self, key: str) -> Principal | None: ...


class Toolbox:
    """The long-lived parts that endpoints ask for by type."""

    def __init__(self, database: Database, authenticator: Authenticator, *parts: object) -> None:
        self.database = database
        self.authenticator = authenticator
        self._parts: dict[type, object] = {type(part): part for part in parts}

    def get(self, kind: type[_PART]) -> _PART:
        """The part of a type; a missing one is a fault of the composition."""
        try:
            found = self._parts[kind]
        except KeyError as error:
            raise LookupError(f"the app was built without a {kind.__name__}") from error
        assert isinstance(found, kind)
        return found


def toolbox(request: Request) -> Toolbox:
    """The toolbox of the app that serves this request."""
    box = request.app.state.toolbox
    assert isinstance(box, Toolbox)
    return box


def part(kind: type[_PART]) -> Callable[[Request], _PART]:
    """Depend on a part: ``Annotated[Publisher, Depends(part(Publisher))]``."""

    def dependency(request: Request) -> _PART:
        return toolbox(request).get(kind)

    return dependency


async def _transaction(request: Request) -> AsyncGenerator[AsyncSession]:
    async with toolbox(request).database.transaction() as session:
        yield session


def _database(request: Request) -> Database:
    return toolbox(request).database


Db = Annotated[AsyncSession, Depends(_transaction, scope="function")]
Control = Annotated[Database, Depends(_database)]
"""For work with something slow in the middle, which opens its own short transactions."""


async def _authenticate(
    request: Request,
    _bearer: Annotated[object, Depends(HTTPBearer(auto_error=False))],
    _cookie: Annotated[object, Depends(APIKeyCookie(name=cookies.PROTECTED, auto_error=False))],
    _csrf: Annotated[str | None, Header(alias="x-quotah-csrf")] = None,
) -> Principal:
    authenticator = toolbox(request).authenticator
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        principal = await authenticator.key(key.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            raise UnauthenticatedError(
                "The key is not valid: unknown, revoked or expired.",
                hint="Mint one under Settings, API keys, and send it as Authorization: Bearer qk_ad_…",
            )
        return principal
    token = cookies.session_token(request)
    principal = await authenticator.session(token) if token else None
    if token is None or principal is None:
        raise UnauthenticatedError("Sign in first, or send Authorization: Bearer qk_ad_…")
    if request.method not in _SAFE_METHODS:
        cookies.require_csrf(request, token)
    return principal


def signed(principal: Annotated[Principal, Depends(_authenticate)]) -> Principal:
    """A member, or an admin key."""
    if principal.kind not in ("session", "admin_key"):
        raise ForbiddenError("This key does not open the API; an admin key (qk_ad_…) does.")
    return principal


def ingesting(principal: Annotated[Principal, Depends(_authenticate)]) -> Access:
    """An ingest or admin key, in its workspace."""
    if principal.kind not in ("ingest_key", "admin_key"):
        raise ForbiddenError("Events are sent with an ingest key: Authorization: Bearer qk_in_…")
    grant = principal.grants[0]
    return Access(principal, grant.workspace_id, grant.role)


def resolve(principal: Principal, workspace: str | None) -> Access:
    """Enter a workspace; the principal's first one where none is named."""
    grants = principal.grants
    if workspace is not None:
        wanted = outer_id(workspace, "ws")
        grants = tuple(grant for grant in grants if grant.workspace_id == wanted)
    if not grants:
        raise NotFoundError("There is no such workspace.", field="x-quotah-workspace")
    return Access(principal, grants[0].workspace_id, grants[0].role)


def require_role(role: Role) -> Callable[..., Access]:
    """A dependency: the workspace of the request, entered with at least a role."""

    def dependency(
        principal: Annotated[Principal, Depends(signed)],
        workspace: Annotated[str | None, Header(alias="x-quotah-workspace")] = None,
    ) -> Access:
        access = resolve(principal, workspace)
        if not access.at_least(role):
            raise ForbiddenError(f"This takes the role {role}; yours is {access.role}.")
        return access

    return dependency


def whole_workspace(access: Annotated[Access, Depends(require_role("admin"))]) -> Access:
    """An admin of all projects; a key that is bound to one of them is none."""
    if access.project_id is not None:
        raise ForbiddenError(
            "This concerns the whole workspace, and your key is bound to one project."
        )
    return access


def open_to_all() -> None:
    """Marks an endpoint that needs no signature, on purpose."""


def actor(request: Request, principal: Annotated[Principal, Depends(signed)]) -> Actor:
    """The signed caller, as the audit log names it."""
    return actor_of(request, principal)


def actor_of(request: Request, principal: Principal) -> Actor:
    """A principal as the audit log names it."""
    frame = frame_of(request)
    if principal.kind == "session":
        return Actor("member", principal.member_id, frame.ip, frame.request_id)
    return Actor("key", principal.key_id, frame.ip, frame.request_id)


def outer_id(text: str, noun: str) -> str:
    """Read an id out of a path or header; what is no id names nothing, so it is not found."""
    try:
        return parse_id(text, noun)
    except InvalidIdError as error:
        raise NotFoundError("There is no such thing, or not in this workspace.") from error


Signed = Annotated[Principal, Depends(signed)]
Scoped = Annotated[Access, Depends(require_role("viewer"))]
MemberScoped = Annotated[Access, Depends(require_role("member"))]
AdminScoped = Annotated[Access, Depends(require_role("admin"))]
WholeScoped = Annotated[Access, Depends(whole_workspace)]
OwnerScoped = Annotated[Access, Depends(require_role("owner"))]
Ingesting = Annotated[Access, Depends(ingesting)]
Acting = Annotated[Actor, Depends(actor)]
