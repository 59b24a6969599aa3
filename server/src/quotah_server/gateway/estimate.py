"""Our own count of tokens, for calls whose provider reported none: marked as estimated.

By bytes it is free: four bytes of UTF-8 make a token, right within a quarter for English and for
Chinese. Images, recordings and files inside a request are not counted as text; nothing is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from quotah_server.gateway.dialects import Dialect
from quotah_server.gateway.dialects.base import UNREADABLE
from quotah_server.gateway.forms import is_form
from quotah_server.gateway.json_tee import JsonTee
from quotah_server.gateway.stream import data_of, frames

BYTES_PER_TOKEN = 4
_SMALL = 2048
"""A shorter request holds no picture worth looking for."""
_OBJECT = re.compile(rb"\s*\{")
_MARKS = (b";base64,", b'"data"', b'"images"', b'"file_data"', b'"bytesBase64Encoded"')
_EMBEDDED = re.compile(
    rb';base64,|"(?:data|images|file_data|bytesBase64Encoded)"\s*:\s*(?:\[\s*)?"(?!data:)'
)
"""What stands before a file inside of a request."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=-]{64}")
_LOOKED_AT = 64


def tokens_of(text_bytes: int) -> int:
    """Tokens of a text of so many bytes, rounded up."""
    return -(-text_bytes // BYTES_PER_TOKEN)


def request_tokens(body: bytes) -> int:
    """Input tokens of a request; 0 for a form, which is a recording or a picture. What is no JSON that
    we read (compressed, of another encoding) counts by its bytes, rather than as nothing."""
    if is_form(body):
        return 0
    if _OBJECT.match(body) is None:
        return tokens_of(len(body))
    if len(body) > _SMALL and any(mark in body for mark in _MARKS):
        return tokens_of(len(body) - _embedded_bytes(body))
    return tokens_of(len(body))


def _embedded_bytes(body: bytes) -> int:
    """Bytes of base64 in a request: found by what stands before it, and jumped over to its end.

    Short ones, and texts that only begin or end like base64, are left in.
    """
    total = at = 0
    while (found := _EMBEDDED.search(body, at)) is not None:
        at = found.end()
        end = body.find(b'"', at)
        if end < 0:
            break
        tail = end - _LOOKED_AT
        if tail >= at and _BASE64.match(body, at, end) and _BASE64.match(body, tail, end):
            total += end - at
            at = end
    return total


def delivered_text(dialect: Dialect, chunks: Iterable[bytes], *, is_sse: bool) -> str:
    """The generated text in the bytes of an answer that were kept: a whole one, or what there is of a
    stream, of events or of JSON."""
    block = b"".join(chunks)
    found: list[str] = []
    for data in map(data_of, frames(block)) if is_sse else _objects(block):
        try:
            event = msgspec.json.decode(data)
        except UNREADABLE:
            continue
        if isinstance(event, dict):
            found.append(dialect.delivered_text(event))
    return "".join(found)


def _objects(block: bytes) -> Iterator[bytes]:
    objects: list[bytes] = []
    JsonTee((b"",), objects.append).feed(block)
    yield from objects
