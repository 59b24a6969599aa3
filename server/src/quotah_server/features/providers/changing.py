"""Change a stored provider key: its name, weight and settings at once, the key itself after a verdict."""

from __future__ import annotations

from quotah_server.domain.errors import ConflictError, InvalidInputError
from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.providers import forms, repository, service
from quotah_server.features.providers.schemas import CredentialOut, CredentialPatch
from quotah_server.features.snapshot import service as snapshot
from quotah_server.http.deps import Actor


async def change(
    vault: service.Vault,
    actor: Actor,
    scope: Scope,
    credential_id: str,
    patch: CredentialPatch,
    states: service.States,
) -> CredentialOut:
    """Apply a change.

    Raises InvalidInputError as adding does, ConflictError where the key was changed meanwhile.
    """
    async with vault.database.transaction() as session:
        found = await repository.get(session, scope, credential_id)
    _check(patch, is_mock=found.is_mock)
    account = forms.account_of(found.provider)
    settings = None if patch.settings is None else forms.settings_of(account, patch.settings)
    judged = None
    if patch.api_key is not None:
        place = _place(scope, found.id, found.base_url, patch, allowed=found.allow_private)
        if patch.base_url is not None:
            url = forms.base_url_of(account, patch.base_url)
            place = _place(
                scope, found.id, url, patch, allowed=found.allow_private and url == found.base_url
            )
        wanted = found.settings if settings is None else settings
        judged = await service.judge(
            vault, account, place, forms.key_of(account, patch.api_key), wanted
        )
    async with vault.database.transaction() as session:
        row = await repository.get(session, scope, credential_id, lock=True)
        if judged is not None and row.secret != found.secret:
            raise ConflictError(
                "This provider key was changed meanwhile; look at it and try again."
            )
        before = service.told(row)
        repository.apply(row, patch, settings)
        if judged is not None:
            repository.put(row, judged)
        after = service.told(row)
        changed = sorted(name for name in after if before[name] != after[name])
        if changed or judged is not None:
            audit.record(
                session, actor, "provider.changed", ("provider_credential", row.id),
                workspace_id=row.workspace_id,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )  # fmt: skip
            await snapshot.touch(session)
    return repository.shown(row, states(scope.workspace_id).get(row.id))


def _place(
    scope: Scope, credential_id: str, base_url: str, patch: CredentialPatch, *, allowed: bool
) -> service.Place:
    """allowed: what the operator allowed for this very address."""
    private = allowed if patch.allow_private is None else patch.allow_private
    return service.Place(scope.workspace_id, credential_id, base_url, private)


def _check(patch: CredentialPatch, *, is_mock: bool) -> None:
    if patch.api_key is None and (patch.base_url is not None or patch.allow_private is not None):
        field = "base_url" if patch.base_url is not None else "allow_private"
        raise InvalidInputError(
            "A key is bound to its address: give the api_key together with another one.",
            field=field,
        )
    if is_mock and patch.api_key is not None:
        raise InvalidInputError("The built-in stand-in has no key of its own.", field="api_key")
