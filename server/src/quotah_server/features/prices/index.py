"""The book as something to search: built once per version, then a look-up."""

from __future__ import annotations

import bisect

import msgspec

from quotah_server.catalog.book import Book, Model

_KEY = ("search",)


class Entry(msgspec.Struct, frozen=True):
    """A model and the text it is found by: provider/model and every id that means it, a line each."""

    provider: str
    name: str
    text: str
    model: Model

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in the list."""
        return self.provider, self.name


class Index:
    """The models of a book by provider and name."""

    def __init__(self, book: Book) -> None:
        models = (model for provider in book.providers for model in book.models(provider))
        self.entries = tuple(sorted((_entry(model) for model in models), key=lambda e: e.place))
        self._places = [entry.place for entry in self.entries]

    def page(
        self, search: str, provider: str | None, after: tuple[str, str] | None, limit: int
    ) -> list[Entry]:
        """At most ``limit`` entries behind a place that hold every word of the search."""
        words = search.lower().split()
        start = 0 if after is None else bisect.bisect_right(self._places, after)
        found: list[Entry] = []
        for entry in self.entries[start:]:
            if provider is not None and entry.provider != provider:
                continue
            if all(word in entry.text for word in words):
                found.append(entry)
                if len(found) == limit:
                    break
        return found

    def find(self, provider: str, name: str) -> Model | None:
        """The model of that very name."""
        place = bisect.bisect_left(self._places, (provider, name))
        if place == len(self._places) or self._places[place] != (provider, name):
            return None
        return self.entries[place].model


def index_of(book: Book) -> Index:
    """The index of a book's list, kept with it; the same under all terms."""
    found = book.base.resolved.get(_KEY)
    if isinstance(found, Index):
        return found
    return book.base.remember(_KEY, Index(book.base))


def _entry(model: Model) -> Entry:
    name = f"{model.provider}/{model.model}"
    text = "\n".join((name, *(found for found in model.match.equals)))
    return Entry(model.provider, model.model, text.lower(), model)
