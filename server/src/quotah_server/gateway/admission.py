"""Who may pass: the gateway key, its expiry, and the workspace's route. Looks at memory only."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from quotah_server.domain.secrets import hash_key, key_kind
from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.snapshot_holder import OpenCredential, OpenMount, View

KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
_OURS = "qk_"
_RETRY_AFTER_S = 2


class HeaderLookup(Protocol):
    """The part of a server's header map that admission uses; names are lower-case."""

    def get(self, key: str, default: str | None = None) -> str | None: ...


class Admitted(msgspec.Struct, frozen=True):
    """A request that may pass: whose it is and where it goes."""

    key: GatewayKey
    mount: OpenMount
    credential: OpenCredential


def presented_key(headers: HeaderLookup) -> str | None:
    """The Quotah key of a request, wherever the vendor's client puts its key; else any key found."""
    other: str | None = None
    for name in KEY_HEADERS:
        value = headers.get(name)
        if not value:
            continue
        if name == "authorization":
            scheme, _, value = value.partition(" ")
            if scheme.lower() != "bearer":
                continue
        value = value.strip()
        if value.startswith(_OURS):
            return value
        other = other or value
    return other


def admit(
    view: View | None, control_plane_up: bool, headers: HeaderLookup, mount_name: str, now: datetime
) -> Admitted:
    """Let a request pass, or raise the RefusalError that tells why not and what to do."""
    text = presented_key(headers)
    if not text:
        raise RefusalError(
            401,
            "missing_api_key",
            "No API key. Send a Quotah gateway key (qk_gw_…) where the provider's key would go.",
        )
    key = view.key(hash_key(text)) if view is not None else None
    if key is None:
        raise _unknown(text, known_world=view is not None and control_plane_up)
    if key.expires_at is not None and key.expires_at <= now:
        raise RefusalError(
            401,
            "expired_api_key",
            f"This Quotah gateway key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC; create a new one.",
        )
    assert view is not None
    mount = view.mount(key.workspace_id, mount_name)
    if mount is None:
        raise RefusalError(
            404,
            "unknown_provider",
            f"This workspace has no provider {mount_name!r}. Add its key under Settings → Providers.",
        )
    if mount.credential is None:
        raise RefusalError(
            503,
            "provider_key_unusable",
            f"No stored key of {mount_name!r} can be opened. Store the provider key again.",
        )
    return Admitted(key, mount, mount.credential)


def _unknown(text: str, *, known_world: bool) -> RefusalError:
    kind = key_kind(text)
    if kind is None:
        hint = (
            "it is mistyped: its checksum does not fit"
            if text.startswith(_OURS)
            else "it is none of Quotah's (they begin with qk_gw_)"
        )
        return RefusalError(401, "invalid_api_key", f"The API key is not valid: {hint}.")
    if kind != "gateway":
        return RefusalError(
            401,
            "wrong_key_kind",
            f"This is a Quotah {kind} key; calls to models need a gateway key (qk_gw_…).",
        )
    if not known_world:
        return RefusalError(
            503,
            "control_plane_unavailable",
            "This key is not known yet and the control plane does not answer; try again.",
            retry_after_s=_RETRY_AFTER_S,
        )
    return RefusalError(
        401, "invalid_api_key", "This Quotah gateway key is unknown or was revoked."
    )
