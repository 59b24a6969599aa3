"""The books by which the gateway prices: what the newest snapshot names, as far as it is at hand.

A list book comes over the control plane's socket once and is kept in the gateway's own folder. Until
it is there, pricing goes on as before. It is fetched in a thread of its own: who follows the snapshots
waits a moment for it, and never so long that a revoked key would go on working.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from quotah_server.catalog import terms as terms_
from quotah_server.catalog.book import Book
from quotah_server.catalog.terms import Terms
from quotah_server.domain.snapshot import Snapshot
from quotah_server.pipeline.prices import Prices
from quotah_server.store.books import BookShelf

_log = structlog.get_logger("quotah.gateway.books")

_PATIENCE_S = 1.0
"""How long a snapshot waits for its book, which mostly is there within milliseconds."""

FetchBook = Callable[[str], bytes]
"""Gets the bytes of a list book by its version; raises OSError when it does not come."""


class _Fetching:
    """A book on its way. ``data`` and ``reason`` are there once it has ended."""

    def __init__(self, version: str, fetch: FetchBook) -> None:
        self.version = version
        self.data: bytes | None = None
        self.reason = ""
        self._fetch = fetch
        self._thread = threading.Thread(target=self._run, name="book", daemon=True)
        self._thread.start()

    def ended(self, timeout_s: float) -> bool:
        """Wait for it."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.data = self._fetch(self.version)
        except Exception as error:  # noqa: BLE001 -- told by whom it is missing to
            self.reason = str(error) or type(error).__name__


class GatewayBooks:
    """Keeps ``prices`` at what the snapshots say. Used by the thread that follows them; others read
    ``prices``.

    packaged: the book that came with this version. folder: where fetched books are kept.
    """

    def __init__(self, packaged: Book, folder: Path, fetch: FetchBook) -> None:
        self.prices = Prices(packaged)
        self._packaged = packaged
        self._folder, self._shelf, self._fetch = folder, BookShelf(folder), fetch
        self._wanted: Snapshot | None = None
        self._fetching: _Fetching | None = None
        self._adopted = False
        self._missed = ""

    @property
    def behind(self) -> bool:
        """Whether a book that a snapshot names is still missing."""
        return self._wanted is not None

    def adopt(self, snapshot: Snapshot) -> None:
        """Price by a snapshot's book and terms from now on."""
        self._wanted = snapshot
        self._catch_up(_PATIENCE_S)

    def catch_up(self) -> None:
        """Take what has come of what the last snapshot named, else ask again; does not wait."""
        self._catch_up(0.0)

    def _catch_up(self, patience_s: float) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        book = self._book(wanted.book_version, patience_s)
        if book is None and self._adopted:
            return
        terms = {
            name: found for name, data in wanted.terms.items() if (found := _terms(name, data))
        }
        # A first snapshot whose book is out of reach: its terms still hold, over the packaged list.
        self.prices.replace(book or self._packaged, terms)
        self._adopted = True
        if book is not None:
            self._wanted = None
            self._forget_others(book.version)

    def _book(self, version: str, patience_s: float) -> Book | None:
        for book in (self.prices.book, self._packaged):
            if version in ("", book.version):
                return book
        kept = self._shelf.data(version)
        book = _opened(version, kept) if kept is not None else None
        if book is not None:
            return book
        fetching = self._fetching
        if fetching is None or fetching.version != version:
            fetching = self._fetching = _Fetching(version, self._fetch)
        if not fetching.ended(patience_s):
            return None
        self._fetching = None
        book = None if fetching.data is None else _opened(version, fetching.data)
        if book is None:
            if self._missed != version:
                reason = fetching.reason or "its bytes are not those of its version"
                _log.error("price_book_not_here", version=version, reason=reason)
            self._missed = version
            return None
        try:
            self._shelf.put(book)
        except OSError as error:
            _log.error("price_book_not_kept", version=version, reason=str(error))
        return book

    def _forget_others(self, version: str) -> None:
        """Only the book in force is needed here; the control plane keeps what events cite."""
        for path in self._folder.glob("*.jsonl"):
            if path.stem != version:
                with contextlib.suppress(OSError):
                    path.unlink()


def _opened(version: str, data: bytes) -> Book | None:
    try:
        book = Book(data)
    except (msgspec.DecodeError, ValueError):
        return None
    return book if book.version == version else None


def _terms(workspace_id: str, data: bytes) -> Terms | None:
    """Terms of a control plane of another version may be unreadable: the list holds then."""
    try:
        return terms_.decode(data)
    except msgspec.DecodeError as error:
        _log.error("terms_unreadable", workspace_id=workspace_id, reason=str(error))
        return None
