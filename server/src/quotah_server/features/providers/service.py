"""Keep provider keys: sealed for their row, their workspace and their origin, shown to nobody again."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import new_id
from quotah_server.domain.scope import Scope
from quotah_server.domain.secrets import credential_binding, fingerprint, hint, origin
from quotah_server.features.audit import service as audit
from quotah_server.features.providers import repository, verdict
from quotah_server.features.providers.schemas import CredentialOut, CredentialPage, provider_key_of
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.http.pagination import decode_cursor, encode_cursor
from quotah_server.kit.clock import utc_now
from quotah_server.kit.crypto import KeyRing, SealError
from quotah_server.net.addresses import folded_host
from quotah_server.net.egress import Egress
from quotah_server.providers.base import Account
from quotah_server.providers.registry import ACCOUNTS
from quotah_server.store.control.models import ProviderCredentialRow
from quotah_server.store.control.session import Database, announce

MOCK_TOPIC = "mock"
_MOCK_KEY = "quotah-mock-provider"


class MockOrigin(msgspec.Struct, frozen=True):
    """Where the built-in stand-in listens: ``http://127.0.0.1:8402``."""

    url: str


class Vault:
    """What adding a provider key takes: the database, the key ring that seals, the way out."""

    def __init__(self, database: Database, ring: KeyRing, egress: Egress) -> None:
        self.database = database
        self.ring = ring
        self.egress = egress


async def add(
    vault: Vault,
    actor: Actor,
    scope: Scope,
    *,
    provider: str,
    api_key: str,
    base_url: str | None = None,
    name: str | None = None,
    allow_private: bool = False,
    created_by: str | None = None,
) -> CredentialOut:
    """Store a provider key after asking the provider about it.

    The answer's status says what came of it: healthy; invalid, where the provider refused the key;
    never_used, where nobody could be asked. It is stored in each case. Raises InvalidInputError for an
    unknown provider, a text that is no key or a bad base_url, EgressRefusedError for an address
    that may not be reached.
    """
    account = _account(provider)
    try:
        api_key = provider_key_of(api_key)
    except ValueError as error:
        raise InvalidInputError(f"api_key {error}", field="api_key") from error
    url = _base_url(base_url) if base_url is not None else account.base_url
    await vault.egress.check(url, allow_private=allow_private)
    said = await verdict.ask(vault.egress, account, url, api_key, allow_private=allow_private)
    row = _row(vault.ring, scope, account, url, api_key, name or account.label, created_by)
    row.allow_private = allow_private
    row.status, row.last_error, row.last_used_at = said.status, said.error, said.used_at
    async with vault.database.transaction() as session:
        await workspaces.get(session, scope)
        await _store(session, actor, row)
    return repository.shown(row)


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
    await workspaces.get(session, scope)
    present = await repository.mocks(session, scope)
    rows: list[ProviderCredentialRow] = []
    for provider, account in ACCOUNTS.items():
        if account.mock_path is None:
            continue
        row = present.get(provider)
        if row is None:
            name = f"{account.label} (mock)"
            url = mock.url + account.mock_path
            row = _row(ring, scope, account, url, _MOCK_KEY, name, created_by)
            row.is_mock = True
            await _store(session, actor, row)
        rows.append(row)
    announce(session, MOCK_TOPIC)
    return [repository.shown(row) for row in rows]


async def is_mock_wanted(session: AsyncSession) -> bool:
    """Whether the built-in stand-in has anybody to serve."""
    return await repository.any_mock(session)


async def listed(
    session: AsyncSession, scope: Scope, cursor: str | None, limit: int
) -> CredentialPage:
    """One page of the workspace's provider keys, newest first."""
    before = decode_cursor(cursor)[0] if cursor else None
    rows = await repository.page(session, scope, before=before, limit=limit + 1)
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return CredentialPage(items=[repository.shown(row) for row in rows[:limit]], next_cursor=more)


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


async def _remove(session: AsyncSession, actor: Actor, row: ProviderCredentialRow) -> None:
    audit.record(
        session, actor, "provider.removed", ("provider_credential", row.id),
        workspace_id=row.workspace_id, before=_told(row),
    )  # fmt: skip
    await repository.remove(session, row)
    await snapshot.touch(session)


def _opens(ring: KeyRing, row: ProviderCredentialRow) -> bool:
    try:
        ring.open(row.secret, credential_binding(row.workspace_id, row.id, row.base_url))
    except SealError:
        return False
    return True


def _account(provider: str) -> Account:
    account = ACCOUNTS.get(provider)
    if account is None:
        known = ", ".join(sorted(ACCOUNTS))
        raise InvalidInputError(f"The provider is none of {known}.", field="provider")
    return account


def _base_url(text: str) -> str:
    """Bring a base URL to the one form in which it is stored and sealed."""
    try:
        parts = urlsplit(text.strip())
        host, port = folded_host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise InvalidInputError("The base URL cannot be read.", field="base_url") from error
    if parts.scheme not in ("http", "https"):
        raise InvalidInputError(
            "The base URL must begin with https:// or http://.", field="base_url"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(
            "The base URL must not hold a user or password; the key goes into api_key.",
            field="base_url",
        )
    path = parts.path.rstrip("/")
    if parts.query or parts.fragment or not path.isascii() or not path.isprintable() or " " in path:
        raise InvalidInputError(
            "The base URL is scheme, host and path alone, such as https://api.example.com/v1.",
            field="base_url",
        )
    named = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{named}:{port}" if port else named, path, "", ""))


def _row(
    ring: KeyRing,
    scope: Scope,
    account: Account,
    base_url: str,
    api_key: str,
    name: str,
    created_by: str | None,
) -> ProviderCredentialRow:
    credential_id = new_id()
    binding = credential_binding(scope.workspace_id, credential_id, base_url)
    return ProviderCredentialRow(
        id=credential_id, workspace_id=scope.workspace_id, created_by=created_by,
        provider=account.provider, name=name, base_url=base_url,
        secret=ring.seal(api_key, binding), hint=hint(api_key), fingerprint=fingerprint(api_key),
        status="never_used", is_mock=False, allow_private=False, created_at=utc_now(),
        last_used_at=None, last_error=None,
    )  # fmt: skip


async def _store(session: AsyncSession, actor: Actor, row: ProviderCredentialRow) -> None:
    session.add(row)
    await session.flush()
    audit.record(
        session, actor, "provider.added", ("provider_credential", row.id),
        workspace_id=row.workspace_id, after=_told(row),
    )  # fmt: skip
    await snapshot.touch(session)


def _told(row: ProviderCredentialRow) -> dict[str, str | bool]:
    return {
        "provider": row.provider,
        "name": row.name,
        "origin": origin(row.base_url),
        "fingerprint": row.fingerprint,
        "status": row.status,
        "is_mock": row.is_mock,
        "allow_private": row.allow_private,
    }
