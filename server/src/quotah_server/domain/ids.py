"""Identifiers: UUIDv7, minted by us, so that ids sort by the time they were made.

Inside, an id is 32 lower-case hex digits. At the edges (API, headers) it wears a prefix that tells
its noun: ``evt_019aa0…``. ``parse_id`` takes both, and the dashed form.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import uuid_utils

from quotah_server.domain.errors import InvalidIdError

_HEX = frozenset("0123456789abcdef")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id() -> str:
    """Mint a UUIDv7 as 32 hex digits; ids of one process never go backwards."""
    return uuid_utils.uuid7().hex


def prefixed(noun: str, id_hex: str) -> str:
    """Render an id for the outside: ``prefixed("evt", "019a…") == "evt_019a…"``."""
    return f"{noun}_{id_hex}"


def parse_id(text: str, noun: str | None = None) -> str:
    """Read an id with or without prefix or dashes.

    Raises InvalidIdError when the text is no UUID, or wears the prefix of another noun.
    """
    head, _, tail = text.rpartition("_")
    if head and noun is not None and head != noun:
        raise InvalidIdError(f"{text!r} is the id of a {head}, not of a {noun}")
    digits = tail.replace("-", "").lower()
    if len(digits) != 32 or not _HEX.issuperset(digits):
        raise InvalidIdError(
            f"{text!r} is not an id: expected {noun or 'prefix'}_ and 32 hex digits"
        )
    return digits


def id_time(id_hex: str) -> datetime:
    """Tell the millisecond at which a UUIDv7 was minted (aware UTC)."""
    return _EPOCH + timedelta(milliseconds=int(id_hex[:12], 16))


def id_at(at: datetime, entropy: bytes) -> str:
    """Build the UUIDv7 of an instant from 10 bytes of entropy, deterministically."""
    ms = (at - _EPOCH) // timedelta(milliseconds=1)
    tail = bytearray(entropy[:10])
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    return f"{ms:012x}{tail.hex()}"


def foreign_id(workspace_id: str, foreign: str, started_at: datetime) -> str:
    """Map an id that is not ours to one that is, the same every time it is sent."""
    digest = hashlib.blake2b(f"{workspace_id}\0{foreign}".encode(), digest_size=10).digest()
    return id_at(started_at, digest)
