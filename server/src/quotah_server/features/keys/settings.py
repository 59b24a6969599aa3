"""What a gateway key may do and what its calls are attributed to: as it is stored beside the key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from quotah_server.domain.snapshot import KeyDefaults


class KeySettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fields of ``domain.snapshot.GatewayKey``, by their names there."""

    models: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    byok: bool = True
    environment: str | None = None
    defaults: KeyDefaults = KeyDefaults()


ANYTHING = KeySettings()


class KnownKey(msgspec.Struct, frozen=True):
    """A gateway key and what it may do."""

    id: str
    project_id: str
    revoked_at: datetime | None
    expires_at: datetime | None
    may: KeySettings


def settings_of(stored: Mapping[str, Any]) -> KeySettings:
    """Settings as they are stored beside a key."""
    return msgspec.convert(stored, KeySettings) if stored else ANYTHING


def stored(settings: KeySettings) -> dict[str, Any]:
    """Settings as they are stored: without what is as by default."""
    # By way of JSON, so that it equals what comes back from the database.
    return msgspec.json.decode(msgspec.json.encode(settings), type=dict[str, Any])


def listed(settings: KeySettings) -> dict[str, Any]:
    """Every setting by name, as the API and the audit log show it."""
    fields = msgspec.structs.asdict(settings)
    return {
        **fields,
        "models": list(settings.models),
        "mounts": list(settings.mounts),
        "defaults": msgspec.structs.asdict(settings.defaults),
    }
