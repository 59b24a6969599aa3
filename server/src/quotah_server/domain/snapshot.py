"""All the gateway knows of the control plane: immutable, versioned, kept on disk by the gateway.

The control plane builds it, `/internal/v1/snapshot` delivers it (msgpack). Provider credentials stay
encrypted inside: the gateway holds the key ring.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from quotah_server.domain.routing import Route


class KeyDefaults(msgspec.Struct, frozen=True, omit_defaults=True):
    """Attribution of calls that say nothing themselves. prompt: ``id@version``."""

    user: str | None = None
    team: str | None = None
    session: str | None = None
    feature: str | None = None
    prompt: str | None = None
    tags: dict[str, str] = {}


class GatewayKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key that may call models. ``hash`` is the SHA-256 of the key in hex.

    models: names that it may call, ``*`` standing for any text; mounts: the providers it may call, by
    their path segment; empty: all. requests_per_minute, tokens_per_minute: None is no limit.
    byok: whether callers may bring a provider key of their own.
    """

    id: str
    hash: str
    workspace_id: str
    project_id: str
    environment: str | None = None
    member_id: str | None = None
    expires_at: datetime | None = None
    models: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    byok: bool = True
    defaults: KeyDefaults = KeyDefaults()


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A provider's key, encrypted, bound to its origin (see kit.crypto and domain.secrets)."""

    id: str
    workspace_id: str
    provider: str
    base_url: str
    """With scheme, host and the version segment the vendor's SDK would use, no trailing slash:
    ``https://api.openai.com/v1``, ``https://api.anthropic.com``."""
    secret: str
    is_mock: bool = False
    allow_private: bool = False
    """The operator let this credential reach private addresses."""
    weight: int = 1
    """Its share of the calls, against the mount's other credentials; 0: only when no other will do."""
    settings: dict[str, str] = {}
    """What else the vendor's API needs, such as Azure's ``api_version``; see the account's settings."""


class Mount(msgspec.Struct, frozen=True, omit_defaults=True):
    """A provider under the first path segment of the gateway (``openai``), for one workspace.

    provider: whose calls they are, in our words. dialect: how it speaks HTTP. base_url: where callers
    who bring their own key go when there is no credential.
    """

    name: str
    provider: str
    dialect: str
    credentials: tuple[Credential, ...]
    base_url: str = ""


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """version grows with every change. keys: by hash. mounts: workspace id → path segment → mount.

    book_version: the list book that prices now; "" where the gateway goes on with its own. terms:
    workspace id → its terms (``catalog.terms.encode``); workspaces without any are left out. routes:
    workspace id → its routes, the first that matches is followed.
    """

    version: int
    created_at: datetime
    keys: dict[str, GatewayKey] = {}
    mounts: dict[str, dict[str, Mount]] = {}
    book_version: str = ""
    terms: dict[str, bytes] = {}
    routes: dict[str, tuple[Route, ...]] = {}


def encode(snapshot: Snapshot) -> bytes:
    """Snapshot → msgpack."""
    return msgspec.msgpack.encode(snapshot)


def decode(data: bytes) -> Snapshot:
    """Msgpack → snapshot; raises msgspec.ValidationError on anything else."""
    try:
        return msgspec.msgpack.decode(data, type=Snapshot)
    except msgspec.ValidationError:
        # Mounts went by the name of routes before there were any: kept on a disk by an older gateway.
        older = msgspec.msgpack.decode(data)
        if not isinstance(older, dict) or "mounts" in older:
            raise
        older["mounts"] = older.pop("routes", {})
        return msgspec.convert(older, Snapshot)
