"""Which line of the book a model id means. A rule decides, never likeness.

Matchers are taken as the book declares them, with one restriction: what a prefix or a fragment
leaves over must be a snapshot mark (a date, ``latest``, a revision). ``claude-sonnet-4-5-20250929``
is a snapshot of ``claude-sonnet-4-5``; ``claude-sonnet-4-5-v9`` is a model nobody has told us of,
and stays unpriced rather than being charged at its neighbour's rate.
"""

from __future__ import annotations

import re
from datetime import date

from quotah_server.catalog.book import Book, Match, Model
from quotah_server.catalog.ids import GEOGRAPHIES, named, spellings, vendor_of

_YEAR = r"20[2-4]\d"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MARK = (
    rf"(?:[-@]{_YEAR}-?{_MONTH}-?{_DAY}|-{_MONTH}-{_YEAR}|-{_MONTH}-{_DAY}|-{_MONTH}{_DAY}"
    r"|[-@]latest|@default|-0\d\d)"
)
_SNAPSHOT = re.compile(rf"{_MARK}+$")
_REVISION = re.compile(r"(?:-v\d+)?(?::\d+)?$")
_REVISED = re.compile(r"-v\d+$")
_GEOGRAPHY = rf"(?:(?:{'|'.join(GEOGRAPHIES)})\.)?"
_BEFORE_VENDOR = re.compile(_GEOGRAPHY)
_BEFORE_NAME = re.compile(_GEOGRAPHY + r"(?:[a-z0-9]+\.)?")
_COMPACT_DATE = re.compile(rf"-({_YEAR})({_MONTH})({_DAY})(?=-|:|$)")
_FINE_TUNED = re.compile(r"ft:([^:]+)(?::.*)?$")
_BOUNDARY = ("", "/", ".", ":")


def resolve(book: Book, provider: str, model_id: str) -> Model | None:
    """The model of the book that an id means at a provider, or None.

    provider: our name (see catalog.aliases). model_id: as the provider writes it; see
    ``ids.named`` for what is dropped around the name.
    """
    book = book.base
    key = ("match", provider, model_id)
    if key in book.resolved:
        return book.resolved[key]  # pyright: ignore[reportReturnType]
    return book.remember(key, _resolve(book, provider, model_id))


def _resolve(book: Book, provider: str, model_id: str) -> Model | None:
    text = named(model_id)
    fine_tuned = _FINE_TUNED.fullmatch(text)
    if fine_tuned is not None:
        text = f"ft:{fine_tuned.group(1)}"
    known = book.providers.get(provider)
    resold = known.fallback if known else ()
    for written in (dated for name in spellings(text, provider) for dated in _dates(name)):
        for vendor in (provider, *resold):
            model = _shelf(book, vendor).find(written)
            if model is not None:
                return model
        of_vendor = vendor_of(written, resold)
        if of_vendor is not None:
            vendor, name = of_vendor
            model = _shelf(book, vendor).find(name)
            if model is not None:
                return model
    return None


class _Shelf:
    """The models of one vendor, so that most ids are found without trying every matcher."""

    def __init__(self, vendor: str, models: tuple[Model, ...]) -> None:
        self._vendor = vendor
        self._models = models
        self._places: dict[str, int] = {}
        for place, model in enumerate(models):
            for text in model.match.equals:
                self._places.setdefault(text, place)
        self._patterned = [
            place
            for place, model in enumerate(models)
            if model.match != Match(equals=model.match.equals)
        ]

    def find(self, text: str) -> Model | None:
        """The first model in the book's order that matches."""
        fine_tuned = text.startswith("ft:")
        place = self._places.get(text, len(self._models))
        for other in self._patterned:
            if other >= place:
                break
            model = self._models[other]
            if fine_tuned and not model.model.startswith("ft:"):
                continue
            if _matches(model, model.match, text, self._vendor):
                return model
        return self._models[place] if place < len(self._models) else None


def _shelf(book: Book, vendor: str) -> _Shelf:
    key = ("shelf", vendor)
    shelf = book.resolved.get(key)
    if isinstance(shelf, _Shelf):
        return shelf
    return book.remember(key, _Shelf(vendor, book.models(vendor)))


def _dates(text: str) -> tuple[str, ...]:
    """The id, and the same id with its compact date written with dashes."""
    found = _COMPACT_DATE.search(text)
    if found is None:
        return (text,)
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return (text,)
    return text, f"{text[: found.start()]}-{day.isoformat()}{text[found.end() :]}"


def _matches(model: Model, match: Match, text: str, vendor: str) -> bool:
    if text in match.equals:
        return True
    fits = _Fit(model.model.lower(), text, vendor)
    return (
        any(fits.regex(pattern) for pattern in match.regex)
        or any(fits.starts_with(part) for part in match.starts_with)
        or any(fits.ends_with(part) for part in match.ends_with)
        or any(fits.contains(part) for part in match.contains)
        or (bool(match.all) and all(_matches(model, part, text, vendor) for part in match.all))
    )


class _Fit:
    """Whether an id is what a clause of a model's matcher names, and nothing besides."""

    def __init__(self, name: str, text: str, vendor: str) -> None:
        self._name = name
        self._text = text
        self._bedrock = vendor == "bedrock"

    def regex(self, pattern: str) -> bool:
        """A pattern that takes up nothing is a guard; one with an open end leaves a mark over."""
        found = re.search(pattern, self._text)
        if found is None:
            return False
        return not found.group() or pattern.endswith("$") or self._is_mark(found.end() - 1, "")

    def starts_with(self, part: str) -> bool:
        """``….ft-`` opens the id of a fine-tuned deployment, which ends in whatever its owner chose."""
        if not self._text.startswith(part):
            return False
        return part.endswith(".ft-") or self._is_mark(len(part), part)

    def ends_with(self, part: str) -> bool:
        return self._text.endswith(part) and self._begins(len(self._text) - len(part), part)

    def contains(self, part: str) -> bool:
        start = self._text.find(part)
        return start >= 0 and self._begins(start, part) and self._is_mark(start + len(part), part)

    def _begins(self, start: int, part: str) -> bool:
        before = self._text[:start]
        if self._bedrock:
            has_vendor = "." in part.partition("-")[0]
            form = _BEFORE_VENDOR if has_vendor else _BEFORE_NAME
            return form.fullmatch(before) is not None
        return before[-1:] in _BOUNDARY

    def _is_mark(self, end: int, part: str) -> bool:
        """Whether what follows ``end`` is nothing but the tail of a snapshot mark."""
        text = self._text
        if self._bedrock:
            rest = text[end:]
            revision = max((r for r in self._revisions(part) if rest.endswith(r)), key=len)
            text = text.removesuffix(revision)
        if end >= len(text):
            return True
        mark = _SNAPSHOT.search(text)
        return mark is not None and end >= mark.start()

    def _revisions(self, part: str) -> tuple[str, ...]:
        """The revisions of a model at Bedrock: its own, or the first one."""
        start = self._name.find(part)
        own = _REVISION.search(self._name, start + len(part)) if start >= 0 else None
        if own is not None and own.group():
            return ("", own.group(), own.group().partition(":")[0])
        return ("", ":0") if _REVISED.search(part) else ("", "-v1", "-v1:0", ":0")
