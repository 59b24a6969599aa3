"""The short text fields of a multipart form, read without a copy of the files beside them."""

from __future__ import annotations

import re

_WINDOW = 64 * 1024
"""Fields stand before or behind the files: only so many bytes at each end of a form are looked at."""
_LONGEST_BOUNDARY = 80
_LONGEST_VALUE = 256
_NAME = re.compile(rb'\bname="?([A-Za-z0-9_]{1,64})"?', re.IGNORECASE)


def is_form(body: bytes) -> bool:
    """Whether a body begins as a multipart form does."""
    return body.startswith(b"--")


def read_fields(body: bytes, wanted: frozenset[str]) -> dict[str, str]:
    """The wanted fields, as far as they are texts of at most 256 bytes; of several, the first."""
    boundary, end, _ = body[: _LONGEST_BOUNDARY + 4].partition(b"\r\n")
    if not end or not is_form(boundary):
        return {}
    delimiter = end + boundary
    parts = (end + body[:_WINDOW]).split(delimiter)[1:-1]
    if len(body) > _WINDOW:
        parts += body[-_WINDOW:].split(delimiter)[1:-1]
    found: dict[str, str] = {}
    for part in parts:
        head, blank, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not blank or name is None or b"filename" in head.lower():
            continue
        field = name[1].decode()
        if field in wanted and field not in found and len(value) <= _LONGEST_VALUE:
            found[field] = value.decode(errors="replace")
    return found
