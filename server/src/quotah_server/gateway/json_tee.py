"""A tee for streams of JSON: bytes pass on as they come, a copy is cut into objects and read for usage.

Some streams are one array that comes element by element (Gemini without ``alt=sse``), some are objects
one after another (lines of Ollama's, of Cohere's first version). Both are the objects that stand inside
no other, whatever stands between them; chunks end anywhere, inside a character too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MARK = re.compile(rb'["{}]')
_QUOTE, _OPEN = ord('"'), ord("{")


class JsonTee:
    """Feed chunks, forward what ``feed`` returns, which are the same bytes.

    needles: byte strings, at least one of which every object worth parsing holds. on_data: gets
    those objects as bytes, and the first. max_object: longer ones go unread; so much is held at most.
    """

    __slots__ = (
        "_carry", "_depth", "_escaped", "_first", "_in_text", "_max", "_needles", "_on_data",
        "_skipping",
    )  # fmt: skip

    def __init__(
        self,
        needles: tuple[bytes, ...],
        on_data: Callable[[bytes], None],
        *,
        max_object: int = 8 * 1024 * 1024,
    ) -> None:
        self._needles = needles
        self._on_data = on_data
        self._max = max_object
        self._carry = bytearray()
        self._depth = 0
        self._in_text = self._escaped = self._skipping = False
        self._first = True

    @property
    def held(self) -> int:
        """Bytes of an object that has not ended yet."""
        return len(self._carry)

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk; tells which bytes to forward now: all."""
        if not chunk:
            return chunk
        at, begin = int(self._escaped), 0
        self._escaped = False
        while (found := self._next(chunk, at)) is not None:
            at = found.end()
            mark = chunk[at - 1]
            if mark == _QUOTE:
                self._in_text = True
            elif mark == _OPEN:
                if self._depth == 0:
                    begin = at - 1
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if self._depth == 0:
                    self._whole(chunk[begin:at])
        if self._depth:
            self._hold(chunk[begin:])
        return chunk

    def finish(self) -> bytes:
        """Take the end of the stream; nothing is held back."""
        self._carry.clear()
        return b""

    def _next(self, chunk: bytes, at: int) -> re.Match[bytes] | None:
        """The next mark outside of a text."""
        if self._in_text:
            at = self._text_end(chunk, at)
        return None if self._in_text else _MARK.search(chunk, at)

    def _text_end(self, chunk: bytes, at: int) -> int:
        """Where the text ends that goes on at a place; notes when it goes on in the next chunk."""
        quote = chunk.find(b'"', at)
        while True:
            slash = chunk.find(b"\\", at, quote if quote >= 0 else len(chunk))
            if slash < 0:
                self._in_text = quote < 0
                return quote + 1 or len(chunk)
            at = slash + 2
            self._escaped = at > len(chunk)
            if 0 <= quote < at:
                quote = chunk.find(b'"', at)

    def _hold(self, part: bytes) -> None:
        if self._skipping:
            return
        self._carry += part
        if len(self._carry) > self._max:
            self._carry.clear()
            self._skipping = True

    def _whole(self, last: bytes) -> None:
        data = bytes(self._carry) + last if self._carry else last
        self._carry.clear()
        skipped, self._skipping = self._skipping, False
        if skipped or len(data) > self._max:
            return
        if self._first or any(needle in data for needle in self._needles):
            self._first = False
            self._on_data(data)
