"""Keep provider keys: sealed for their row, their workspace and their origin, shown to nobody again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.gateway_state import CredentialState
from quotah_server.domain.ids import new_id
from quotah_server.domain.scope import Scope
from quotah_server.domain.secrets import credential_binding, fingerprint, hint, origin
from quotah_server.features.audit import service as audit
from quotah_server.features.providers import forms, repository, verdict
from quotah_server.features.providers.mounts import check_kind
from quotah_server.features.providers.schemas import (
    CredentialOut,
    CredentialPage,
    KindOut,
    SettingOut,
)
from quotah_server.features.providers.verdict import Judged, Verdict
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.snapshot.repository import filled
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.http.pagination import decode_cursor, encode_cursor
from quotah_server.kit.clock import utc_now
from quotah_server.kit.crypto import KeyRing, SealError
from quotah_server.net.egress import Egress
from quotah_server.providers.base import Account
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.control.models import ProviderCredentialRow
from quotah_server.store.control.session import Database, announce

MOCK_TOPIC = "mock"
_MOCK_KEY = "quotah-mock-provider"
_UNASKED = Verdict("never_used", None, None)
States = Callable[[str], Mapping[str, CredentialState]]
"""Workspace id → what gateways say of its credentials now, by credential id."""


class MockOrigin(msgspec.Struct, frozen=True):
    """Where the built-in stand-in listens: ``http://127.0.0.1:8402``."""

    url: str


class Vault:
    """What adding a provider key takes: the database, the key ring that seals, the way out."""

    def __init__(self, database: Database, ring: KeyRing, egress: Egress) -> None:
        self.database = database
        self.ring = ring
        self.egress = egress


def kinds() -> list[KindOut]:
    """The providers that keys can be stored for, those that most have first."""
    return [
        KindOut(
            provider=account.provider, label=account.label, base_url=account.base_url,
            dialect=account.dialect, keyless=account.keyless,
            settings=[
                SettingOut(name=one.name, label=one.label, default=one.default, required=one.required)
                for one in account.settings
            ],
        )
        for account in ACCOUNTS.values()
    ]  # fmt: skip


async def add(
    vault: Vault,
    actor: Actor,
    scope: Scope,
    *,
    provider: str,
    api_key: str | None,
    base_url: str | None = None,
    name: str | None = None,
    allow_private: bool = False,
    mount: str | None = None,
    weight: int = 1,
    settings: Mapping[str, str] | None = None,
    created_by: str | None = None,
) -> CredentialOut:
    """Store a provider key after asking the provider about it.

    The answer's status says what came of it: healthy; invalid, where the provider refused the key;
    never_used, where nobody could be asked. It is stored in each case. Raises InvalidInputError for an
    unknown provider, a text that is no key, a bad base_url, mount or setting, EgressRefusedError for
    an address that may not be reached.
    """
    account = forms.account_of(provider)
    key = forms.key_of(account, api_key)
    own = forms.settings_of(account, settings or {})
    url = forms.base_url_of(account, base_url)
    row = _row(scope, account, name or account.label, created_by)
    row.mount, row.weight, row.settings = mount or account.provider, weight, own
    async with vault.database.transaction() as session:
        check_kind(row.mount, provider, await repository.mounts(session, scope))
    place = Place(scope.workspace_id, row.id, url, allow_private)
    repository.put(row, await judge(vault, account, place, key, own))
    async with vault.database.transaction() as session:
        await workspaces.get(session, scope, lock=True)
        check_kind(row.mount, provider, await repository.mounts(session, scope))
        await _store(session, actor, row)
    return repository.shown(row)


class Place(msgspec.Struct, frozen=True):
    """What a key is sealed for. allow_private: its address may be in a network of one's own."""

    workspace_id: str
    credential_id: str
    base_url: str
    allow_private: bool = False


async def judge(
    vault: Vault, account: Account, place: Place, key: str, settings: Mapping[str, str]
) -> Judged:
    """Check the address, ask the provider about the key, and seal it."""
    await vault.egress.check(place.base_url, allow_private=place.allow_private)
    said = await verdict.ask(
        vault.egress, account, place.base_url, key, filled(account, settings),
        allow_private=place.allow_private,
    )  # fmt: skip
    return _sealed(vault.ring, place, key, said)


async def add_mock(
    session: AsyncSession,
    ring: KeyRing,
    actor: Actor,
    scope: Scope,
    mock: MockOrigin,
    *,
    created_by: str | None = None,
) -> list[CredentialOut]:
    """Let the built-in stand-in serve for every provider; those it serves already stay as they are."""
    await workspaces.get(session, scope, lock=True)
    present = await repository.mocks(session, scope)
    rows: list[ProviderCredentialRow] = []
    for provider, account in ACCOUNTS.items():
        if account.mock_path is None:
            continue
        row = present.get(provider)
        if row is None:
            name = f"{account.label} (mock)"
            url = mock.url + account.mock_path
            row = _row(scope, account, name, created_by)
            place = Place(scope.workspace_id, row.id, url)
            repository.put(row, _sealed(ring, place, _MOCK_KEY, _UNASKED))
            row.is_mock = True
            await _store(session, actor, row)
        rows.append(row)
    announce(session, MOCK_TOPIC)
    return [repository.shown(row) for row in rows]


async def is_mock_wanted(session: AsyncSession) -> bool:
    """Whether the built-in stand-in has anybody to serve."""
    return await repository.any_mock(session)


async def listed(
    session: AsyncSession,
    scope: Scope,
    cursor: str | None,
    limit: int,
    states: States | None = None,
) -> CredentialPage:
    """One page of the workspace's provider keys, newest first."""
    before = decode_cursor(cursor)[0] if cursor else None
    rows = await repository.page(session, scope, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    told = states(scope.workspace_id) if states else {}
    items = [repository.shown(row, told.get(row.id)) for row in rows[:limit]]
    return CredentialPage(items=items, next_cursor=more)


async def remove(session: AsyncSession, actor: Actor, scope: Scope, credential_id: str) -> None:
    """Delete a provider key; the gateway stops using it within five seconds."""
    await _remove(session, actor, await repository.get(session, scope, credential_id))


async def unreadable(session: AsyncSession, ring: KeyRing | None) -> list[ProviderCredentialRow]:
    """For the operator: the stored keys, of all workspaces, that a key ring does not open."""
    rows = await repository.all_of_them(session)
    return [row for row in rows if ring is None or not _opens(ring, row)]


async def drop_unreadable(session: AsyncSession, actor: Actor, ring: KeyRing) -> int:
    """Delete the stored keys that the key ring does not open; tells how many they were."""
    rows = await unreadable(session, ring)
    for row in rows:
        await _remove(session, actor, row)
    return len(rows)


def told(row: ProviderCredentialRow) -> dict[str, object]:
    """A credential as the audit log tells of it."""
    return {
        "provider": row.provider,
        "name": row.name,
        "mount": row.mount,
        "weight": row.weight,
        "enabled": row.enabled,
        "settings": dict(row.settings),
        "origin": origin(row.base_url),
        "fingerprint": row.fingerprint,
        "status": row.status,
        "is_mock": row.is_mock,
        "allow_private": row.allow_private,
    }


async def _remove(session: AsyncSession, actor: Actor, row: ProviderCredentialRow) -> None:
    audit.record(
        session, actor, "provider.removed", ("provider_credential", row.id),
        workspace_id=row.workspace_id, before=told(row),
    )  # fmt: skip
    await repository.remove(session, row)
    await snapshot.touch(session)


def _opens(ring: KeyRing, row: ProviderCredentialRow) -> bool:
    try:
        ring.open(row.secret, credential_binding(row.workspace_id, row.id, row.base_url))
    except SealError:
        return False
    return True


def _sealed(ring: KeyRing, place: Place, key: str, said: Verdict) -> Judged:
    binding = credential_binding(place.workspace_id, place.credential_id, place.base_url)
    return Judged(
        base_url=place.base_url,
        allow_private=place.allow_private,
        secret=ring.seal(key, binding),
        hint=hint(key),
        fingerprint=fingerprint(key),
        status=said.status,
        last_error=said.error,
        last_used_at=said.used_at,
        last_error_at=utc_now() if said.error else None,
    )


def _row(
    scope: Scope, account: Account, name: str, created_by: str | None
) -> ProviderCredentialRow:
    """A row that lacks the key and its address."""
    return ProviderCredentialRow(
        id=new_id(), workspace_id=scope.workspace_id, created_by=created_by,
        provider=account.provider, name=name, mount=account.provider, weight=1, enabled=True,
        settings={}, is_mock=False, created_at=utc_now(),
    )  # fmt: skip


async def _store(session: AsyncSession, actor: Actor, row: ProviderCredentialRow) -> None:
    session.add(row)
    await session.flush()
    audit.record(
        session, actor, "provider.added", ("provider_credential", row.id),
        workspace_id=row.workspace_id, after=told(row),
    )  # fmt: skip
    await snapshot.touch(session)
