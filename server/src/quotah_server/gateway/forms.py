"""The short text fields of a multipart form, found without a copy of the files beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST_BOUNDARY = 80
_LONGEST_HEAD = 4096
_LONGEST_VALUE = 256
_MOST_PARTS = 256
"""Further parts are not looked at; a form of the vendors' has a dozen."""
_NAME = re.compile(rb'\bname="?([A-Za-z0-9_]{1,64})"?', re.IGNORECASE)


def is_form(body: bytes) -> bool:
    """Whether a body begins as a multipart form does."""
    return body.startswith(b"--")


def read_fields(body: bytes, wanted: frozenset[str]) -> dict[str, str]:
    """The wanted fields, as far as they are texts of at most 256 bytes; of several, the first."""
    found: dict[str, str] = {}
    for field, start, end in _texts(body):
        if field in wanted and field not in found and end - start <= _LONGEST_VALUE:
            found[field] = body[start:end].decode(errors="replace")
            if len(found) == len(wanted):
                break
    return found


def with_field(body: bytes, name: str, value: str) -> bytes:
    """The same form with another text in a field; one that lacks it gets it in front."""
    for field, start, end in _texts(body):
        if field == name:
            return body[:start] + value.encode() + body[end:]
    boundary, line_end, _ = body[: _LONGEST_BOUNDARY + 4].partition(b"\r\n")
    if not line_end:
        return body
    head = f'content-disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
    return boundary + line_end + head + line_end + body


def _texts(body: bytes) -> Iterator[tuple[str, int, int]]:
    """Each field that is no file: its name, and where its value begins and ends."""
    boundary, line_end, _ = body[: _LONGEST_BOUNDARY + 4].partition(b"\r\n")
    if not line_end or not is_form(boundary):
        return
    delimiter = line_end + boundary
    at = len(boundary)
    for _ in range(_MOST_PARTS):
        head_end = body.find(b"\r\n\r\n", at, at + _LONGEST_HEAD)
        end = body.find(delimiter, at)
        if end < 0:
            return
        if 0 <= head_end < end:
            head = body[at:head_end]
            name = _NAME.search(head)
            if name is not None and b"filename" not in head.lower():
                yield name[1].decode(), head_end + 4, end
        at = end + len(delimiter)
