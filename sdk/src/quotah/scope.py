"""Who and what the calls of a block are for, carried by ``contextvars``.

A scope belongs to the thread or task that entered it and to the tasks started inside it. Threads that
you start yourself begin without one, as with every context variable (``copy_context().run`` hands it
on). Scopes nest: the inner one's words win, its tags are added to the outer one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType

Words = Mapping[str, object]
NO_WORDS: Words = {}


class _Frame:
    __slots__ = ("outer", "owner", "words")

    def __init__(self, words: Words, outer: _Frame | None, owner: Scope) -> None:
        self.words = words
        self.outer = outer
        self.owner = owner


_current: ContextVar[_Frame | None] = ContextVar("quotah_context", default=None)


def current_words() -> Words:
    """The merged words of the scopes around the running code; never changed in place."""
    frame = _current.get()
    return NO_WORDS if frame is None else frame.words


class Scope:
    """The block of a ``with q.context(...)``; it may be entered again, and by many tasks at once."""

    __slots__ = ("_words",)

    def __init__(self, words: Words) -> None:
        self._words = words

    def __enter__(self) -> None:
        outer = _current.get()
        merged: dict[str, object] = {**(outer.words if outer else {}), **self._words}
        ours, theirs = self._words.get("tags"), outer.words.get("tags") if outer else None
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            merged["tags"] = {**theirs, **ours}
        _current.set(_Frame(merged, outer, self))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A generator may be closed from a context that never saw our frame: then there is none.
        frame = _current.get()
        if frame is not None and frame.owner is self:
            _current.set(frame.outer)
