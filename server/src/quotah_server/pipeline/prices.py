"""Which book prices a call: the list of the moment, under the terms of the call's workspace.

Whoever prices asks ``book_for`` and gets one immutable book; a change swaps all of them at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import msgspec

from quotah_server.catalog.book import Book
from quotah_server.catalog.terms import LIST_PRICES, Terms


def _nowhere(_book: Book) -> None:
    """Keep no copy: somebody else does."""


class _State(msgspec.Struct, frozen=True):
    book: Book
    views: dict[str, Book]


class Prices:
    """The books that price now. Reads never wait; changes are made one after the other.

    keep: puts a book where a cited version is looked up later, durably (``BookShelf.put``); it is called
    before the book prices anything. Changes may block on it.
    """

    def __init__(self, book: Book, keep: Callable[[Book], None] = _nowhere) -> None:
        self._keep = keep
        self._changing = threading.Lock()
        keep(book)
        self._state = _State(book.base, {})

    @property
    def book(self) -> Book:
        """The list book."""
        return self._state.book

    def book_for(self, workspace_id: str) -> Book:
        """The list book under a workspace's terms."""
        state = self._state
        return state.views.get(workspace_id, state.book)

    def terms_of(self, workspace_id: str) -> Terms:
        """A workspace's terms."""
        return self.book_for(workspace_id).terms

    def set_terms(self, workspace_id: str, terms: Terms) -> Book:
        """Let a workspace's calls be priced under these terms from now on; gives their book."""
        with self._changing:
            state = self._state
            view = self._view(state.book, terms)
            views = {name: book for name, book in state.views.items() if name != workspace_id}
            if view is not state.book:
                views[workspace_id] = view
            self._state = _State(state.book, views)
        return view

    def set_book(self, book: Book) -> None:
        """Let another list book price from now on, under the same terms."""
        with self._changing:
            self._replace(book, {name: view.terms for name, view in self._state.views.items()})

    def replace(self, book: Book, terms: Mapping[str, Terms]) -> None:
        """Set the list book and the terms of every workspace at once; others have no terms."""
        with self._changing:
            self._replace(book, terms)

    def _replace(self, book: Book, terms: Mapping[str, Terms]) -> None:
        old, base = self._state, book.base
        if base.version != old.book.version:
            self._keep(base)
        else:
            base = old.book
        views: dict[str, Book] = {}
        for workspace_id, wanted in terms.items():
            if wanted == LIST_PRICES:
                continue
            had = old.views.get(workspace_id)
            if had is None or had.base is not base or had.terms != wanted:
                had = self._view(base, wanted)
            views[workspace_id] = had
        self._state = _State(base, views)

    def _view(self, base: Book, terms: Terms) -> Book:
        """A book under terms, kept before anybody sees it."""
        view = base.under(terms)
        if view is not base:
            self._keep(view)
        return view
