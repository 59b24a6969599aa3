"""OpenAI's encodings from the rank files of this package: no network, ever.

An encoding is built at its first use (a quarter of a second, 45 MB) and kept; any thread may count.
What looks like a special token is text, as it is to the API.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import threading
from binascii import a2b_base64
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from quotah_server.tokens.models import CL100K, HARMONY, O200K

if TYPE_CHECKING:
    import tiktoken

_RANKS = {
    O200K: (
        "o200k_base.tiktoken.xz",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    CL100K: (
        "cl100k_base.tiktoken.xz",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
_OPENING = r"[^\r\n\p{L}\p{N}]?"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SHORTENED = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_WORDS = {
    O200K: (
        f"{_OPENING}{_UPPER}*{_LOWER}+{_SHORTENED}",
        f"{_OPENING}{_UPPER}+{_LOWER}*{_SHORTENED}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ),
    CL100K: (
        r"'(?i:[sdmt]|ll|ve|re)",
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",
        r"\p{N}{1,3}+",
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
        r"\s++$",
        r"\s*[\r\n]",
        r"\s+(?!\S)",
        r"\s",
    ),
}
"""How a text falls into words before ranks apply; a test compares them with tiktoken's own."""

_PIECE = 262_144
_SEARCH = 65_536
# After a letter and before one of these both patterns end a word, so that a cut changes no count.
_SEAM = re.compile(r"(?<=[A-Za-z\u4e00-\u9fff])(?=[ \n.,;:!?\"(0-9\u3002\uff0c])")

_lock = threading.Lock()
_built: dict[str, tiktoken.Encoding] = {}


class DamagedRanksError(Exception):
    """A rank file of this package is not what it was published as: the installation is damaged."""


class TextCount(msgspec.Struct, frozen=True):
    """tokens of a text. exact: False where a text without any seam had to be cut (at most one token
    too many a cut, one cut in 300,000 characters)."""

    tokens: int
    exact: bool = True


def count_text(encoding: str, text: str) -> TextCount:
    """Tokens of a text. encoding: O200K, CL100K or HARMONY (o200k with more special tokens).

    Blocks for 30 ms a megabyte of prose: not for an event loop. Raises DamagedRanksError.
    """
    encode = _encoding(O200K if encoding == HARMONY else encoding).encode_ordinary
    tokens, exact = 0, True
    for piece, is_seam in _pieces(text):
        tokens += len(encode(piece))
        exact = exact and is_seam
    return TextCount(tokens, exact)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """A text in bounded pieces: their tokens take bounded memory, and a run of a million blanks does
    not overflow the stack of the regular expression."""
    start = 0
    while len(text) - start > _PIECE + _SEARCH:
        seam = _SEAM.search(text, start + _PIECE, start + _PIECE + _SEARCH)
        end = seam.start() if seam else start + _PIECE + _SEARCH
        yield text[start:end], seam is not None
        start = end
    yield text[start:], True


def _encoding(name: str) -> tiktoken.Encoding:
    found = _built.get(name)
    if found is None:
        with _lock:
            found = _built.get(name) or _build(name)
            _built[name] = found
    return found


def _build(name: str) -> tiktoken.Encoding:
    import tiktoken

    ranks = read_ranks(name)
    encoding = tiktoken.Encoding(
        name, pat_str="|".join(_WORDS[name]), mergeable_ranks=ranks, special_tokens={}
    )
    # The encoding counts from its own copy; this one would stay beside it with 27 MB.
    ranks.clear()
    return encoding


def read_ranks(name: str) -> dict[bytes, int]:
    """Token → rank, of a file whose hash was verified."""
    file_name, expected = _RANKS[name]
    packed = resources.files("quotah_server.tokens").joinpath("ranks", file_name).read_bytes()
    try:
        data = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise DamagedRanksError(f"{file_name} does not unpack; install Quotah anew") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise DamagedRanksError(f"{file_name} is not the published file; install Quotah anew")
    ranks: dict[bytes, int] = {}
    for line in data.splitlines():
        token, _, rank = line.partition(b" ")
        ranks[a2b_base64(token)] = int(rank)
    return ranks
