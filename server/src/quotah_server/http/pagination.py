"""Cursor pages: ``{items, next_cursor}``. A cursor is opaque to callers and names a place, not a count."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import msgspec
from fastapi import Query

from quotah_server.domain.errors import InvalidInputError

Limit = Annotated[int, Query(ge=1, le=200, description="Items per page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=512, description="next_cursor of the page before; absent: the first."),
]


def encode_cursor(*place: str) -> str:
    """Turn the sort key of a page's last item into a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_cursor(cursor: str, length: int = 1) -> tuple[str, ...]:
    """Read a cursor of ``length`` parts; raises InvalidInputError for anything not made by us."""
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = msgspec.json.decode(data, type=tuple[str, ...])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidInputError("The cursor is not one of ours.", field="cursor") from error
    if len(place) != length:
        raise InvalidInputError("The cursor belongs to another list.", field="cursor")
    return place
