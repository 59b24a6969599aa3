"""The same request for another model: its name is exchanged in the body's bytes, all else stays.

A body is not parsed and written again: numbers, order, white space and escapes are the client's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from quotah_server.gateway.dialects.base import UNREADABLE
from quotah_server.gateway.forms import is_form, with_field

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAME = b'"model"'
_NAMED = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_BACKSLASH = b"\\"
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
    wanted = bytes(old)
    places = [place for place, value in _named(body) if value == wanted]
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
    wanted, value = msgspec.json.encode(old), msgspec.json.encode(new)
    for place in reversed([place for place, found in _named(body) if found == wanted]):
        body = _exchanged(body, place, value)
    return body


def _named(body: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Where every text stands that is named ``model``, however deep.

    Inside of a text no quote stands without its backslash, so that what has none is a member's name.
    """
    at = body.find(_NAME)
    while at >= 0:
        found = _NAMED.match(body, at)
        if found is not None and body[at - 1 : at] != _BACKSLASH:
            yield found.span(1), found[1]
        at = body.find(_NAME, at + 1)


def _exchanged(body: bytes, place: tuple[int, int], value: bytes) -> bytes:
    return body[: place[0]] + value + body[place[1] :]
