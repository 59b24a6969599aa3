"""The same request for another model: its name is exchanged in the body's bytes, all else stays.

A body is not parsed and written again: numbers, order, white space and escapes are the client's.
"""

from __future__ import annotations

import re

import msgspec

from quotah_server.gateway.dialects.base import UNREADABLE
from quotah_server.gateway.forms import is_form, with_field

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMED = re.compile(rb'(?<!\\)"model"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
"""Inside of a text no quote stands without its backslash, so that only a member's name matches."""
_MOST_TRIED = 16


def body_with_model(body: bytes, model: str) -> bytes:
    """Exchange the top-level ``model`` of a JSON object or a form, or put one in where there is none.

    What is neither stays as it is.
    """
    if is_form(body):
        return with_field(body, "model", model)
    try:
        members = _members.decode(body)
    except UNREADABLE:
        return body
    named = msgspec.json.encode(model)
    old = members.get("model")
    if old is None:
        at = body.index(b"{") + 1
        return body[:at] + b'"model":' + named + (b"," if members else b"") + body[at:]
    places = [m.span(1) for m in _NAMED.finditer(body) if m[1] == bytes(old)]
    if len(places) == 1:
        return _exchanged(body, places[0], named)
    for place in places[-_MOST_TRIED:]:
        changed = _exchanged(body, place, b"0")
        if bytes(_members.decode(changed).get("model", b"")) == b"0":
            return _exchanged(body, place, named)
    members["model"] = msgspec.Raw(named)
    return msgspec.json.encode(members)


def with_every_model(body: bytes, old: str, new: str) -> bytes:
    """Exchange one name for another wherever a member ``model`` holds it, nested ones included."""
    before, after = msgspec.json.encode(old), msgspec.json.encode(new)

    def exchanged(match: re.Match[bytes]) -> bytes:
        if match[1] != before:
            return match[0]
        return match[0][: match.start(1) - match.start()] + after

    return _NAMED.sub(exchanged, body)


def _exchanged(body: bytes, place: tuple[int, int], value: bytes) -> bytes:
    return body[: place[0]] + value + body[place[1] :]
