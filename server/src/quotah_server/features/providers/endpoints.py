"""GET and POST /providers, GET /providers/kinds, POST /providers/mock, PATCH and DELETE /providers/{id}."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from quotah_server.domain.errors import ForbiddenError
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.providers import changing, service
from quotah_server.features.providers.schemas import (
    CredentialIn,
    CredentialList,
    CredentialOut,
    CredentialPage,
    CredentialPatch,
    KindList,
)
from quotah_server.http.deps import Access, Acting, Db, Scoped, WholeScoped, outer_id, part
from quotah_server.http.pagination import Cursor, Limit
from quotah_server.http.problem import problems

router = APIRouter(prefix="/providers", tags=["providers"])

Vault = Annotated[service.Vault, Depends(part(service.Vault))]
Mock = Annotated[service.MockOrigin, Depends(part(service.MockOrigin))]
Heard = Annotated[Gateways, Depends(part(Gateways))]


@router.get("", operation_id="providers_list", responses=problems(401, 403, 404))
async def list_providers(
    access: Scoped, session: Db, gateways: Heard, limit: Limit = 50, cursor: Cursor = None
) -> CredentialPage:
    """List the workspace's provider keys, newest first; secrets are not among what is listed."""
    return await service.listed(session, access.scope, cursor, limit, gateways.credentials)


@router.get("/kinds", operation_id="provider_kinds", responses=problems(401, 403, 404))
async def list_kinds(_access: Scoped) -> KindList:
    """List the providers that keys can be stored for, and what each of them needs."""
    return KindList(items=service.kinds())


@router.post("", operation_id="provider_create", status_code=201, responses=problems(401, 403, 404))
async def create_provider(
    body: CredentialIn, access: WholeScoped, actor: Acting, vault: Vault
) -> CredentialOut:
    """Store a provider key, sealed, after asking the provider about it; ``status`` tells the verdict."""
    _check_private(access, body.allow_private)
    return await service.add(
        vault, actor, access.scope, provider=body.provider, api_key=body.api_key,
        base_url=body.base_url, name=body.name, allow_private=body.allow_private,
        mount=body.mount, weight=body.weight, settings=body.settings,
        created_by=access.principal.member_id,
    )  # fmt: skip


@router.post(
    "/mock", operation_id="provider_create_mock", status_code=201, responses=problems(401, 403, 404)
)
async def create_mock(
    access: WholeScoped, actor: Acting, session: Db, vault: Vault, mock: Mock
) -> CredentialList:
    """Let the built-in mock provider stand in for every provider, so that no key is needed to try."""
    items = await service.add_mock(
        session, vault.ring, actor, access.scope, mock, created_by=access.principal.member_id
    )
    return CredentialList(items=items)


@router.patch(
    "/{credential_id}", operation_id="provider_update", responses=problems(401, 403, 404, 409)
)
async def update_provider(
    credential_id: str,
    body: CredentialPatch,
    access: WholeScoped,
    actor: Acting,
    vault: Vault,
    gateways: Heard,
) -> CredentialOut:
    """Change a provider key; a new ``api_key`` is asked about like one that is added."""
    _check_private(access, body.allow_private)
    wanted = outer_id(credential_id, "cred")
    return await changing.change(vault, actor, access.scope, wanted, body, gateways.credentials)


@router.delete(
    "/{credential_id}",
    operation_id="provider_delete",
    status_code=204,
    responses=problems(401, 403, 404),
)
async def delete_provider(
    credential_id: str, access: WholeScoped, actor: Acting, session: Db
) -> None:
    """Delete a provider key for good."""
    await service.remove(session, actor, access.scope, outer_id(credential_id, "cred"))


def _check_private(access: Access, allow: bool | None) -> None:
    if allow and not access.principal.is_operator:
        raise ForbiddenError("Only the operator of this instance may allow private addresses.")
