"""Who may pass: the gateway key, its expiry, its mounts and models. Looks at memory only."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec

from quotah_server.domain.routing import model_allowed
from quotah_server.domain.secrets import hash_key, key_kind
from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.breaker import Circuit
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.headers import Scanned
from quotah_server.gateway.snapshot_holder import OpenCredential, OpenMount, View, way_to
from quotah_server.kit.clock import Clock

_OURS = "qk_"
_RETRY_AFTER_S = 2
_SHOWN = 20


class Presented(msgspec.Struct, frozen=True):
    """The keys of a request. ours: that of Quotah, or what stands in its place. own: one of the
    caller's for the provider, told to us apart. headers, query: one in the provider's own place."""

    ours: str | None
    own: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    query: str | None = None

    @property
    def brought(self) -> bool:
        """Whether the caller brought a provider key."""
        return bool(self.own or self.headers or self.query)


class Passed(msgspec.Struct, frozen=True):
    """A request that may pass: whose it is and what it asked for. own: the caller's provider key."""

    view: View
    key: GatewayKey
    mount: OpenMount
    own: OpenCredential | None


def presented(found: Scanned, query: str) -> Presented:
    """Find the keys of a request, wherever the vendor's client puts its key.

    ``x-quotah-key`` and ``x-quotah-provider-key`` are taken out of ``found.ours``.
    """
    ours = own = None
    if found.ours:
        ours = found.ours.pop("key", None)
        own = found.ours.pop("provider-key", None)
    if ours is None and own is None and len(found.keys) == 1:
        return Presented(_bare(*found.keys[0]))
    places = [(item, _bare(*item)) for item in found.keys]
    places = [(item, text) for item, text in places if text]
    in_query = _query_key(query) if "key=" in query else None
    texts = [text for _, text in places] + ([in_query] if in_query else [])
    if ours is None:
        marked = next((text for text in texts if text.startswith(_OURS)), None)
        return Presented(marked or next(iter(texts), None), own)
    if own is not None:
        return Presented(ours.strip(), own)
    theirs = tuple(item for item, text in places if not text.startswith(_OURS))
    if theirs or in_query is None or in_query.startswith(_OURS):
        in_query = None
    return Presented(ours.strip(), None, theirs, in_query)


def admit(
    view: View | None, control_plane_up: bool, keys: Presented, mount_name: str, clock: Clock
) -> Passed:
    """Let a request pass, or raise the RefusalError that tells why not and what to do."""
    text = keys.ours
    if not text:
        raise RefusalError(
            401,
            "missing_api_key",
            "No API key. Send a Quotah gateway key (qk_gw_…) where the provider's key would go.",
        )
    key = view.key(hash_key(text)) if view is not None else None
    if key is None:
        raise _unknown(text, known_world=view is not None and control_plane_up)
    if key.expires_at is not None and key.expires_at <= clock():
        raise RefusalError(
            401,
            "expired_api_key",
            f"This Quotah gateway key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC; create a new one.",
        )
    assert view is not None
    if key.mounts and mount_name not in key.mounts:
        raise RefusalError(
            403,
            "provider_not_allowed",
            f"This Quotah key may not call {mount_name!r}. It may call {_listed(key.mounts)}.",
        )
    mount = view.mount(key.workspace_id, mount_name)
    if mount is None or not (mount.stored or keys.brought):
        raise RefusalError(
            404,
            "unknown_provider",
            f"A path begins with a provider, as in /openai/v1/…; this workspace has none that is called "
            f"{mount_name!r}. Providers are added under Settings → Providers.",
        )
    own = _brought(key, mount, keys) if keys.brought else None
    if own is None and not mount.credentials:
        raise RefusalError(
            503,
            "provider_key_unusable",
            f"No stored key of {mount_name!r} can be opened. Store the provider key again.",
        )
    return Passed(view, key, mount, own)


def check_model(key: GatewayKey, model: str | None) -> None:
    """Raise the 403 for a model that a key may not call; a request must name its model where only
    some may be called."""
    if key.models and not model_allowed(key.models, model):
        what = f"may not call the model {model!r}" if model else "must be told which model to call"
        raise RefusalError(
            403,
            "model_not_allowed",
            f"This Quotah key {what}. It may call {_listed(key.models)}.",
        )


def _brought(key: GatewayKey, mount: OpenMount, keys: Presented) -> OpenCredential:
    """The caller's own provider key, bound for the mount's origin and nowhere else."""
    if not key.byok:
        raise RefusalError(
            403,
            "own_key_not_allowed",
            "This Quotah key may not be used together with a provider key of your own.",
        )
    origin = next((one for one in mount.credentials if not one.is_mock), None)
    base_url = origin.base_url if origin is not None else mount.base_url
    if not base_url:
        raise RefusalError(
            503,
            "provider_address_unknown",
            f"No address is known to which a key of your own for {mount.name!r} could be sent.",
        )
    text = keys.own or keys.query
    if text and text.strip().removeprefix("Bearer ").startswith(_OURS):
        raise RefusalError(
            400, "own_key_is_ours", "The provider key of this request is one of Quotah's own."
        )
    return OpenCredential(
        id="",
        workspace_id=key.workspace_id,
        base_url=base_url,
        key_headers=mount.dialect.key_headers(text.strip()) if text else keys.headers,
        is_mock=False,
        way=origin.way if origin is not None else way_to(base_url),
        circuit=Circuit(key.workspace_id, ""),
        settings=origin.settings if origin is not None else {},
    )


def _bare(name: str, value: str) -> str | None:
    """The key in a header's value."""
    if name == "authorization":
        scheme, _, value = value.partition(" ")
        if scheme.lower() != "bearer":
            return None
    return value.strip() or None


def _query_key(query: str) -> str | None:
    return next((value for name, value in parse_qsl(query) if name == "key" and value), None)


def _listed(allowed: Iterable[str]) -> str:
    names = tuple(allowed)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


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
