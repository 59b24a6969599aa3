"""All the gateway knows of the control plane: immutable, versioned, kept on disk by the gateway.

The control plane builds it, `/internal/v1/snapshot` delivers it (msgpack). Provider credentials stay
encrypted inside: the gateway holds the key ring.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class GatewayKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key that may call models. ``hash`` is the SHA-256 of the key in hex."""

    id: str
    hash: str
    workspace_id: str
    project_id: str
    environment: str | None = None
    member_id: str | None = None
    expires_at: datetime | None = None


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


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first path segment of the gateway (``openai``) → dialect and credentials of one workspace."""

    name: str
    provider: str
    dialect: str
    credentials: tuple[Credential, ...]


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """version grows with every change. keys: by hash. routes: workspace id → route name → route.

    book_version: the list book that prices now; "" where the gateway goes on with its own. terms:
    workspace id → its terms (``catalog.terms.encode``); workspaces without any are left out.
    """

    version: int
    created_at: datetime
    keys: dict[str, GatewayKey] = {}
    routes: dict[str, dict[str, Route]] = {}
    book_version: str = ""
    terms: dict[str, bytes] = {}


def encode(snapshot: Snapshot) -> bytes:
    """Snapshot → msgpack."""
    return msgspec.msgpack.encode(snapshot)


def decode(data: bytes) -> Snapshot:
    """Msgpack → snapshot; raises msgspec.ValidationError on anything else."""
    return msgspec.msgpack.decode(data, type=Snapshot)
