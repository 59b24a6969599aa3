"""Which models a request names, read as any provider might read it: for keys that may call only some.

Parsers differ where a request says something twice: most take the last of two equal members, some the
first, Go's take ``Model`` for ``model``. Where two could read two models, a restricted key may not call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.admission import check_model
from quotah_server.gateway.dialects.base import UNREADABLE, RefusalError
from quotah_server.gateway.forms import is_form

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMES = re.compile(rb'"(models?|tools|plugins|fallbacks)"', re.IGNORECASE)
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]", re.IGNORECASE)
_NOT_JSON = ("multipart/", "application/x-www-form-urlencoded")
_BOUNDARY = re.compile(r';\s*boundary="?([^";]+)"?\s*(?:;|$)', re.IGNORECASE)
_FORM_MODEL = re.compile(
    rb"""\bname\*?\s*=\s*["']?(?:utf-8'[a-z]*')?model["']?\s*(?:;|\r?\n)""", re.IGNORECASE
)
_LONGEST_BOUNDARY = 80
_FURTHER = ("models", "fallbacks")
"""Lists of models that stand in where the first one fails (OpenRouter's, LiteLLM's)."""
_WITH_MODELS = ("tools", "plugins")
"""Lists of things that may call a model of their own (pictures by a tool of OpenAI's, an adviser)."""
_MEMBERS = frozenset({*_FURTHER, *_WITH_MODELS})


def check_models(
    key: GatewayKey, model: str | None, body: bytes, headers: Iterable[tuple[str, str]]
) -> None:
    """Raise the 403 for a request that names, or might name, a model that a restricted key may not call.

    model: as the dialect reads it. headers: those that travel on.
    """
    check_model(key, model)
    if not body:
        return
    kinds = [value.lower() for name, value in headers if name == "content-type"]
    if len(kinds) > 1:
        raise _ambiguous("its content-type is said twice")
    kind = kinds[0] if kinds else ""
    if is_form(body):
        found = _BOUNDARY.search(kind)
        start = body[: _LONGEST_BOUNDARY + 4].lower()
        if found is None or not start.startswith(f"--{found[1]}\r\n".encode()):
            raise _ambiguous("it does not begin with the boundary that its content-type names")
        if len(_FORM_MODEL.findall(body)) > 1:
            raise _ambiguous("it names its model more than once")
        return
    if kind.startswith(_NOT_JSON):
        raise _ambiguous("it is not what its content-type says")
    for name in _named_further(_read(body)):
        check_model(key, name)


def _read(body: bytes) -> dict[str, Any]:
    """The members that may name further models; raises RefusalError where the model is ambiguous."""
    names = [name.lower() for name in _NAMES.findall(body)]
    if len(set(names)) < len(names) or _ESCAPED_LETTER.search(body) is not None:
        _check_once(body)
    try:
        members = _members.decode(body)
        return {
            name.lower(): msgspec.json.decode(value)
            for name, value in members.items()
            if name.lower() in _MEMBERS
        }
    except UNREADABLE:
        raise _ambiguous("it is no JSON that could be read") from None


def _check_once(body: bytes) -> None:
    """Refuse an object in which a member that matters stands twice, in whatever case."""
    try:
        top = json.loads(body, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise _ambiguous("it is no JSON that could be read") from None
    names = [pair[0].lower() for pair in top] if isinstance(top, tuple) else []
    if any(names.count(name) > 1 for name in ("model", *_MEMBERS)):
        raise _ambiguous("it names its model more than once")


def _named_further(told: dict[str, Any]) -> Iterator[str]:
    for member in _FURTHER:
        for item in _listed(told.get(member)):
            name = item.get("model") if isinstance(item, dict) else item
            if isinstance(name, str):
                yield name
    for member in _WITH_MODELS:
        for item in _listed(told.get(member)):
            if isinstance(item, dict) and isinstance(item.get("model"), str):
                yield item["model"]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _ambiguous(why: str) -> RefusalError:
    return RefusalError(
        403,
        "model_not_allowed",
        f"This Quotah key may call some models only, and which one this request names is not certain: {why}.",
    )
