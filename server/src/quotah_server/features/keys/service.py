"""Mint, change, list and revoke our keys. A gateway key's change reaches the gateway through the snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from quotah_server.domain.ids import new_id
from quotah_server.domain.scope import Scope
from quotah_server.domain.secrets import PREFIXES, KeyKind, hash_key, hint, mint_key
from quotah_server.domain.snapshot import KeyDefaults
from quotah_server.features.audit import service as audit
from quotah_server.features.keys import repository
from quotah_server.features.keys.schemas import KeyCreated, KeyIn, KeyOut, KeyPage, KeyPatch
from quotah_server.features.keys.settings import ANYTHING, KeySettings, settings_of, stored
from quotah_server.features.keys.settings import listed as listed_settings
from quotah_server.features.providers import repository as credentials
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.http.fields import name_of
from quotah_server.http.pagination import decode_cursor, encode_cursor
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import ApiKeyRow


async def create(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    *,
    kind: KeyKind,
    name: str,
    project_id: str | None = None,
    expires_at: datetime | None = None,
    settings: KeySettings = ANYTHING,
    created_by: str | None = None,
) -> KeyCreated:
    """Mint a key. Gateway and ingest keys belong to a project: the first one where none is named.

    A key that is bound to a project makes keys of that project alone, whatever their kind. settings:
    for gateway keys alone.
    """
    now = utc_now()
    if scope.project_id is not None:
        if project_id not in (None, scope.project_id):
            raise ForbiddenError("Your key is bound to a project: it makes keys of that one alone.")
        project_id = scope.project_id
    try:
        name = name_of(name)
    except ValueError as error:
        raise InvalidInputError(f"name {error}", field="name") from error
    _check_expiry(expires_at)
    await _check_settings(session, scope, kind, settings)
    if project_id is not None:
        project_id = (await workspaces.project(session, scope, project_id)).id
    elif kind != "admin":
        project_id = (await workspaces.first_project(session, scope)).id
    key = mint_key(kind)
    row = ApiKeyRow(
        id=new_id(), workspace_id=scope.workspace_id, project_id=project_id, created_by=created_by,
        name=name, kind=kind, hash=hash_key(key), prefix=PREFIXES[kind], hint=hint(key),
        created_at=now, expires_at=expires_at, last_used_at=None, revoked_at=None,
        settings=stored(settings),
    )  # fmt: skip
    session.add(row)
    await session.flush()
    audit.record(
        session, actor, "key.created", ("key", row.id), workspace_id=scope.workspace_id,
        after={
            "name": name, "kind": kind, "project_id": project_id, "hint": row.hint, **row.settings,
        },
    )  # fmt: skip
    await snapshot.touch(session)
    return KeyCreated(**repository.shown(row).model_dump(), key=key)


async def change(
    session: AsyncSession, actor: Actor, scope: Scope, key_id: str, patch: KeyPatch
) -> KeyOut:
    """Change a key that is not revoked; a gateway knows within five seconds."""
    row = await repository.get(session, scope, key_id)
    if row.revoked_at is not None:
        raise ConflictError("This key is revoked: it cannot be changed any more.")
    given = patch.model_fields_set
    settings = _patched(settings_of(row.settings), patch)
    await _check_settings(session, scope, row.kind, settings)
    if "expires_at" in given:
        _check_expiry(patch.expires_at)
    before = _told(row)
    row.name = patch.name or row.name
    row.settings = stored(settings)
    if "expires_at" in given:
        row.expires_at = patch.expires_at
    after = _told(row)
    changed = sorted(name for name in after if before[name] != after[name])
    if changed:
        audit.record(
            session, actor, "key.changed", ("key", row.id), workspace_id=scope.workspace_id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )  # fmt: skip
        await snapshot.touch(session)
    return repository.shown(row)


async def listed(session: AsyncSession, scope: Scope, cursor: str | None, limit: int) -> KeyPage:
    """One page of the workspace's keys, revoked ones included, newest first."""
    before = decode_cursor(cursor)[0] if cursor else None
    rows = await repository.page(session, scope, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return KeyPage(items=[repository.shown(row) for row in rows[:limit]], next_cursor=more)


async def maker(session: AsyncSession, scope: Scope, key_id: str) -> str | None:
    """Which member made a key."""
    return (await repository.get(session, scope, key_id)).created_by


async def revoke(session: AsyncSession, actor: Actor, scope: Scope, key_id: str) -> None:
    """Make a key worthless, for good. Revoking it again changes nothing."""
    row = await repository.get(session, scope, key_id)
    await _revoke(session, actor, row)


async def revoke_named(session: AsyncSession, actor: Actor, scope: Scope, name: str) -> None:
    """Revoke every key of a name."""
    for row in await repository.living_named(session, scope, name):
        await _revoke(session, actor, row)


def settings_in(fields: KeyIn) -> KeySettings:
    """What a new key may do, as it was asked for."""
    return KeySettings(
        models=_each_once(fields.models),
        mounts=_each_once(fields.mounts),
        requests_per_minute=fields.requests_per_minute,
        tokens_per_minute=fields.tokens_per_minute,
        byok=fields.byok,
        environment=fields.environment,
        defaults=KeyDefaults(**fields.defaults.model_dump()),
    )


def _patched(settings: KeySettings, patch: KeyPatch) -> KeySettings:
    given: dict[str, Any] = {}
    for name in patch.model_fields_set & {
        "requests_per_minute",
        "tokens_per_minute",
        "environment",
    }:
        given[name] = getattr(patch, name)
    if patch.models is not None:
        given["models"] = _each_once(patch.models)
    if patch.mounts is not None:
        given["mounts"] = _each_once(patch.mounts)
    if patch.byok is not None:
        given["byok"] = patch.byok
    if patch.defaults is not None:
        given["defaults"] = KeyDefaults(**patch.defaults.model_dump())
    return msgspec.structs.replace(settings, **given)


def _each_once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _check_expiry(at: datetime | None) -> None:
    if at is not None and at <= utc_now():
        raise InvalidInputError("expires_at lies in the past.", field="expires_at")


async def _check_settings(
    session: AsyncSession, scope: Scope, kind: str, settings: KeySettings
) -> None:
    if kind != "gateway" and settings != ANYTHING:
        field = next(iter(stored(settings)))
        raise InvalidInputError(f"{field} is for gateway keys; this is an {kind} key.", field=field)
    if settings.mounts:
        known = await credentials.mounts(session, scope)
        for number, name in enumerate(settings.mounts):
            if name not in known:
                raise InvalidInputError(
                    f"This workspace has no provider {name}; it has {', '.join(sorted(known))}.",
                    field=f"mounts.{number}",
                )


def _told(row: ApiKeyRow) -> dict[str, Any]:
    expires_at = row.expires_at.isoformat() if row.expires_at else None
    return {
        "name": row.name,
        "expires_at": expires_at,
        **listed_settings(settings_of(row.settings)),
    }


async def _revoke(session: AsyncSession, actor: Actor, row: ApiKeyRow) -> None:
    if row.revoked_at is not None:
        return
    now = utc_now()
    row.revoked_at = now
    audit.record(
        session, actor, "key.revoked", ("key", row.id), workspace_id=row.workspace_id,
        before={"revoked_at": None}, after={"revoked_at": now.isoformat()},
    )  # fmt: skip
    await snapshot.touch(session)
