"""Who and what a call is for, from the headers an application sends with it.

A header that makes no sense never breaks the user's call: what is too long is cut, what cannot be
read is left out, and both are counted (``quotah_gateway_attribution_dropped_total``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from quotah_server.domain.call import Attribution, prompt_parts
from quotah_server.domain.snapshot import GatewayKey, KeyDefaults

PREFIX = "x-quotah-"
MAX_TEXT = 200
MAX_TAGS = 32
MAX_TAG_NAME = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WITH_DEFAULTS = ("feature", "user", "session", "team")
_TEXTS = frozenset({*_WITH_DEFAULTS, "prompt", "request-id"})
_KNOWN = frozenset({*_TEXTS, "tags", "cache"})
_NO_DEFAULTS = KeyDefaults()
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Trace(msgspec.Struct, frozen=True):
    """The W3C trace context of a call: hex ids."""

    trace_id: str
    span_id: str


def read_trace(value: str | None) -> Trace | None:
    """Read a ``traceparent`` header; None when it is absent or malformed."""
    match = _TRACEPARENT.match(value) if value else None
    if match is None or not match[1].strip("0") or not match[2].strip("0"):
        return None
    return Trace(trace_id=match[1], span_id=match[2])


def read(
    headers: Mapping[str, str], key: GatewayKey, environment: str | None
) -> tuple[Attribution, tuple[str, ...]]:
    """Build the attribution of a call; tells also which headers were cut or left out.

    headers: those that begin with ``x-quotah-``, without that prefix. Values may be percent-encoded,
    as HTTP headers carry ASCII only. What they do not say is taken from the key's defaults; tags of
    both are put together.
    """
    has_defaults = key.defaults is not _NO_DEFAULTS and key.defaults != _NO_DEFAULTS
    if not headers and not has_defaults:
        return (
            Attribution(
                workspace_id=key.workspace_id,
                project_id=key.project_id,
                environment=environment,
                key_id=key.id,
                member_id=key.member_id,
            ),
            (),
        )
    dropped: list[str] = []
    found: dict[str, str | None] = {}
    tags: dict[str, str] = {}
    for name, raw in headers.items():
        if name in _TEXTS:
            found[name] = _text(name, raw, dropped)
        elif name == "tags":
            tags = _tags(raw, dropped)
        elif name not in _KNOWN:
            dropped.append("unknown")
    prompt = found.get("prompt")
    if has_defaults:
        defaults = key.defaults
        found.update({n: getattr(defaults, n) for n in _WITH_DEFAULTS if not found.get(n)})
        prompt = prompt or defaults.prompt
        tags = {**defaults.tags, **tags}
    prompt_id, version = prompt_parts(prompt) if prompt else (None, None)
    attribution = Attribution(
        workspace_id=key.workspace_id,
        project_id=key.project_id,
        environment=environment,
        key_id=key.id,
        member_id=key.member_id,
        user=found.get("user"),
        team=found.get("team"),
        session=found.get("session"),
        feature=found.get("feature"),
        prompt=prompt_id,
        prompt_version=version,
        tags=tags,
        request_id=found.get("request-id"),
    )
    return attribution, tuple(dropped)


def _clean(raw: str) -> str:
    if "%" in raw:
        raw = unquote(raw)
    return (raw if raw.isprintable() else _CONTROL.sub("", raw)).strip()


def _text(name: str, raw: str, dropped: list[str]) -> str | None:
    value = raw.strip() if "%" not in raw and raw.isprintable() else _clean(raw)
    if not value or len(value) > MAX_TEXT:
        dropped.append(name)
    return value[:MAX_TEXT] or None


def _tags(raw: str | None, dropped: list[str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    if not raw:
        return tags
    odd = False
    for pair in raw.split(","):
        name, equals, value = (_clean(part) for part in pair.partition("="))
        if not equals or not name or len(name) > MAX_TAG_NAME or len(tags) >= MAX_TAGS:
            odd = odd or bool(pair.strip())
            continue
        odd = odd or len(value) > MAX_TEXT
        tags[name] = value[:MAX_TEXT]
    if odd:
        dropped.append("tags")
    return tags
