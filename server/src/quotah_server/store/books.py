"""Price books by version, kept for as long as a stored event cites them: one file each.

A file is written once, under another name first, so that a version is either whole or not there.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

import msgspec

from quotah_server.catalog import book as books
from quotah_server.catalog.book import Book

_VERSION = re.compile(r"[0-9a-f]{1,64}\Z")
_KEPT_OPEN = 8


class BookShelf:
    """The books of a data folder (``<data_dir>/books``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = lru_cache(maxsize=_KEPT_OPEN)(self._load)

    def put(self, book: Book) -> None:
        """Keep a book; durable when it returns. A version that is there already is left alone."""
        path = self._path(book.version)
        if path.exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(books.encode(book))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def get(self, version: str) -> Book | None:
        """A book of a version; None where it is not there, or not readable."""
        return self._read(version) if _VERSION.match(version) and self._there(version) else None

    def _path(self, version: str) -> Path:
        if not _VERSION.match(version):
            raise ValueError(f"{version!r} is no version of a price book")
        return self._folder / f"{version}.jsonl"

    def _there(self, version: str) -> bool:
        return self._path(version).exists()

    def _load(self, version: str) -> Book | None:
        try:
            found = books.decode(self._path(version).read_bytes())
        except (OSError, msgspec.DecodeError, ValueError):
            return None
        return found if found.version == version else None
