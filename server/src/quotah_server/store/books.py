"""Price books by version, kept for as long as a stored event cites them.

A list book is a file of its own (``<version>.jsonl``); a book under terms is a small one
(``<version>.json``) that names its list book and holds the terms. A file is written once, under
another name first, so that a version is either whole or not there.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from quotah_server.catalog import book as books
from quotah_server.catalog.book import Book
from quotah_server.catalog.terms import Terms

_VERSION = re.compile(r"[0-9a-f]{1,64}\Z")
_KEPT_OPEN = {"jsonl": 8, "json": 256}
"""Books that stay decoded, by kind of file; one under terms costs next to nothing beside its list."""


class _View(msgspec.Struct, frozen=True):
    """A book under terms as it is kept. base: version of its list book."""

    base: str
    terms: Terms


class BookShelf:
    """The books of a data folder (``<data_dir>/books``). Its methods block and may be called by any
    thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, dict[str, Book]] = {kind: {} for kind in _KEPT_OPEN}
        self._opening = threading.RLock()

    def put(self, book: Book) -> None:
        """Keep a book, and the list book it is made of; durable when it returns.

        A version that is there already is left alone. Raises OSError when the disk takes none.
        """
        self._write(self._path(book.base.version, "jsonl"), books.encode(book.base))
        if book.base is not book:
            view = _View(book.base.version, book.terms)
            self._write(
                self._path(book.version, "json"),
                msgspec.json.encode(view, order="deterministic"),
            )

    def get(self, version: str) -> Book | None:
        """A book of a version; None where it, or its list book, is not there or not readable."""
        if not _VERSION.match(version):
            return None
        with self._opening:
            found = self._found("jsonl", version, self._load)
            return found or self._found("json", version, self._load_view)

    def data(self, version: str) -> bytes | None:
        """The bytes of a list book, as ``catalog.book.decode`` reads them; None where it is not there."""
        if not _VERSION.match(version):
            return None
        try:
            return self._path(version, "jsonl").read_bytes()
        except OSError:
            return None

    def _write(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _found(self, kind: str, version: str, load: Callable[[str], Book | None]) -> Book | None:
        """A book out of memory or its file. One that is missing is looked for again next time."""
        kept = self._open[kind]
        found = kept.pop(version, None) or load(version)
        if found is not None:
            kept[version] = found
            if len(kept) > _KEPT_OPEN[kind]:
                del kept[next(iter(kept))]
        return found

    def _path(self, version: str, kind: str) -> Path:
        if not _VERSION.match(version):
            raise ValueError(f"{version!r} is no version of a price book")
        return self._folder / f"{version}.{kind}"

    def _load(self, version: str) -> Book | None:
        try:
            found = books.decode(self._path(version, "jsonl").read_bytes())
        except (OSError, msgspec.DecodeError, ValueError):
            return None
        return found if found.version == version else None

    def _load_view(self, version: str) -> Book | None:
        try:
            kept = msgspec.json.decode(self._path(version, "json").read_bytes(), type=_View)
        except (OSError, msgspec.DecodeError, ValueError):
            return None
        base = self.get(kept.base)
        if base is None or base.base is not base:
            return None
        found = base.under(kept.terms)
        return found if found.version == version else None
