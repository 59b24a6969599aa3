"""GET and POST /providers, POST /providers/mock, DELETE /providers/{id}."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from quotah_server.domain.errors import ForbiddenError
from quotah_server.features.providers import service
from quotah_server.features.providers.schemas import (
    CredentialIn,
    CredentialList,
    CredentialOut,
    CredentialPage,
)
from quotah_server.http.deps import Acting, AdminScoped, Db, Scoped, outer_id, part
from quotah_server.http.pagination import Cursor, Limit
from quotah_server.http.problem import problems

router = APIRouter(prefix="/providers", tags=["providers"])

Vault = Annotated[service.Vault, Depends(part(service.Vault))]
Mock = Annotated[service.MockOrigin, Depends(part(service.MockOrigin))]


@router.get("", operation_id="providers_list", responses=problems(401, 403, 404))
async def list_providers(
    access: Scoped, session: Db, limit: Limit = 50, cursor: Cursor = None
) -> CredentialPage:
    """List the workspace's provider keys, newest first; secrets are not among what is listed."""
    return await service.listed(session, access.scope, cursor, limit)


@router.post("", operation_id="provider_create", status_code=201, responses=problems(401, 403, 404))
async def create_provider(
    body: CredentialIn, access: AdminScoped, actor: Acting, vault: Vault
) -> CredentialOut:
    """Store a provider key, sealed, after asking the provider about it; ``status`` tells the verdict."""
    if body.allow_private and not access.principal.is_operator:
        raise ForbiddenError("Only the operator of this instance may allow private addresses.")
    return await service.add(
        vault, actor, access.scope, provider=body.provider, api_key=body.api_key,
        base_url=body.base_url, name=body.name, allow_private=body.allow_private,
        created_by=access.principal.member_id,
    )  # fmt: skip


@router.post(
    "/mock", operation_id="provider_create_mock", status_code=201, responses=problems(401, 403, 404)
)
async def create_mock(
    access: AdminScoped, actor: Acting, session: Db, vault: Vault, mock: Mock
) -> CredentialList:
    """Let the built-in mock provider stand in for every provider, so that no key is needed to try."""
    items = await service.add_mock(
        session, vault.ring, actor, access.scope, mock, created_by=access.principal.member_id
    )
    return CredentialList(items=items)


@router.delete(
    "/{credential_id}",
    operation_id="provider_delete",
    status_code=204,
    responses=problems(401, 403, 404),
)
async def delete_provider(
    credential_id: str, access: AdminScoped, actor: Acting, session: Db
) -> None:
    """Delete a provider key for good."""
    await service.remove(session, actor, access.scope, outer_id(credential_id, "cred"))
