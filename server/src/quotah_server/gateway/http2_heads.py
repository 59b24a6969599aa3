"""Heads in HTTP/2: HPACK (RFC 7541) both ways, and no more in them than HTTP/1.1 could tell.

Heads of requests are written without the compression's memory: nothing of a request stays with anybody
on its way, and no two requests tell anything of each other. Heads of answers are read with ``hpack``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import hpack
import msgspec

from quotah_server.gateway import http2_frames as h2
from quotah_server.gateway.connection import NAMES, lower_name

HEAD_BYTES = 256 * 1024
"""Largest head of an answer, packed or not."""
_PARTS_MAX = 64
_METHODS = {"GET": b"\x82", "POST": b"\x83"}
_NOT_SENT = frozenset(
    {"host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"}
)
_DROPPED = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
)
_NO_NAME = frozenset(b'":(),/;<=>?@[\\]{}')

Fields = list[tuple[bytes, bytes]]


class Head(msgspec.Struct, frozen=True):
    """A head that is whole. ends: nothing comes after it."""

    stream: int
    ends: bool
    fields: Fields


class HeadReader:
    """Puts heads together from their frames. Every head must pass here, wanted or not, as each may
    change how the next is read."""

    __slots__ = ("_decoder", "_ends", "_parts", "_size", "stream")

    def __init__(self) -> None:
        self._decoder = hpack.Decoder(max_header_list_size=HEAD_BYTES)
        self.stream = 0
        """The stream whose head is not whole yet; 0 while there is none."""
        self._parts: list[bytes] = []
        self._size = 0
        self._ends = False

    def begin(self, number: int, flags: int, payload: bytes) -> Head | None:
        """A HEADERS frame; the head once it is whole. Raises Http2Error."""
        self.stream = number
        self._parts, self._size = [], 0
        self._ends = bool(flags & h2.END_STREAM)
        return self.go_on(number, flags, h2.unpadded(flags, payload))

    def go_on(self, number: int, flags: int, part: bytes) -> Head | None:
        """A CONTINUATION frame; the head once it is whole. Raises Http2Error."""
        if not number or number != self.stream:
            raise h2.Http2Error(h2.PROTOCOL_ERROR, "a head goes on that did not begin")
        self._parts.append(part)
        self._size += len(part)
        if len(self._parts) > _PARTS_MAX or self._size > HEAD_BYTES:
            raise h2.Http2Error(h2.ENHANCE_YOUR_CALM, "a head is too long")
        if not flags & h2.END_HEADERS:
            return None
        block = part if len(self._parts) == 1 else b"".join(self._parts)
        self.stream, self._parts = 0, []
        try:
            fields = self._decoder.decode(block, raw=True)
        except hpack.HPACKError as error:
            text = f"a head cannot be read: {error}"
            raise h2.Http2Error(h2.COMPRESSION_ERROR, text) from error
        return Head(number, self._ends, cast("Fields", fields))


def header_block(
    method: str, authority: str, target: str, headers: Iterable[tuple[str, str]], length: int | None
) -> bytes:
    """The head of a request over TLS. Raises ValueError where a value would be more than one."""
    parts = [
        _METHODS.get(method) or b"\x02" + _text(method),
        b"\x87\x01",
        _text(authority),
        b"\x04",
        _text(target),
    ]
    for name, value in headers:
        if name in _NOT_SENT:
            continue
        parts += (b"\x10", _text(name), _text(value))
    if length is not None:
        parts += (b"\x10\x0econtent-length", _text(str(length)))
    block = b"".join(parts)
    if not _is_clean(authority, target, headers):
        raise ValueError("a line break or NUL in a header")
    return block


def _is_clean(authority: str, target: str, headers: Iterable[tuple[str, str]]) -> bool:
    text = "".join([authority, target, *(f"{name}{value}" for name, value in headers)])
    return not ("\r" in text or "\n" in text or "\0" in text)


def _text(value: str) -> bytes:
    """A string literal: length with a prefix of seven bits, then the bytes."""
    data = value.encode("latin-1", "replace")
    size = len(data)
    if size < 127:
        return bytes((size,)) + data
    size -= 127
    prefix = bytearray(b"\x7f")
    while size >= 128:
        prefix.append(size & 127 | 128)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + data


def understood(fields: Fields) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers; a value that is no ASCII text is left out. Raises ValueError for what
    HTTP/1.1 could not tell a client."""
    status = 0
    headers: list[tuple[str, str]] = []
    for name, value in fields:
        if name[:1] == b":":
            if name != b":status" or status or headers or len(value) != 3 or not value.isdigit():
                raise ValueError("a head that is none")
            status = int(value)
            continue
        known = NAMES.get(name)
        if known is None:
            known = _checked_name(name)
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise ValueError("a line break in a header")
        if known not in _DROPPED and value.isascii():
            headers.append((known, value.decode("ascii").strip(" \t")))
    if not 100 <= status <= 599:
        raise ValueError("a status that is none")
    return status, headers


def _checked_name(name: bytes) -> str:
    if not name or any(byte <= 0x20 or byte >= 0x7F or byte in _NO_NAME for byte in name):
        raise ValueError("a header name that is none")
    return lower_name(name)
