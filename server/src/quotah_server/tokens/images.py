"""What an image costs at an OpenAI model, by the formulas of its guide to images and vision. An
estimate: size is read from the bytes where they are in the request, and assumed where they are not."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from math import ceil

_TILE, _SHORT_SIDE, _SQUARE = 512, 768, 2048
_ASSUMED = (1024, 1024)
_HEAD = 65_536
"""Base64 characters of an image that are looked at for its size."""
_TILES = (
    (re.compile(r"gpt-4o-mini"), (2833, 5667)),
    (re.compile(r"gpt-5"), (70, 140)),
    (re.compile(r"o[13]"), (75, 150)),
)
_PLAIN_TILES = (85, 170)
_PATCHES = (
    (re.compile(r"(?:gpt-4\.1|gpt-5)-mini"), 1.62),
    (re.compile(r"(?:gpt-4\.1|gpt-5)-nano"), 2.46),
    (re.compile(r"o4-mini"), 1.72),
)
_PATCH, _MOST_PATCHES = 32, 1536


def image_tokens(model: str, url: str, detail: str = "auto") -> int:
    """Tokens of one image. url: a ``data:`` URL, or any other, whose image is taken for a square of
    1,024 pixels. detail: low, high or auto."""
    width, height = size_of(url) or _ASSUMED
    for pattern, factor in _PATCHES:
        if pattern.match(model):
            return ceil(min(_patches(width, height), _MOST_PATCHES) * factor)
    base, tile = next((rates for pattern, rates in _TILES if pattern.match(model)), _PLAIN_TILES)
    return base if detail == "low" else base + tile * _tiles(width, height)


def size_of(url: str) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG in a ``data:`` URL, in pixels; None where unknown."""
    _, comma, text = url[: _HEAD + 200].partition(";base64,")
    if not comma:
        return None
    try:
        data = b64decode(text[: _HEAD // 4 * 4][: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return None
    size = None
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    elif data.startswith(b"GIF8") and len(data) >= 10:
        size = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    elif data.startswith(b"\xff\xd8"):
        size = _jpeg(data)
    return size if size and min(size) > 0 and max(size) < 100_000 else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """The size stands in the first frame header (SOF), behind segments that say their length."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    return None


def _tiles(width: int, height: int) -> int:
    """The image is made to fit a square of 2,048, then its short side 768, and cut in squares of 512."""
    scale = min(1.0, _SQUARE / max(width, height))
    scale = min(scale, _SHORT_SIDE / min(width, height))
    return ceil(round(width * scale) / _TILE) * ceil(round(height * scale) / _TILE)


def _patches(width: int, height: int) -> int:
    return ceil(width / _PATCH) * ceil(height / _PATCH)
