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

_YEAR = r"20[2-4]\d"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MARK = (
    rf"(?:[-@]{_YEAR}-?{_MONTH}-?{_DAY}|-{_MONTH}-{_YEAR}|-{_MONTH}-{_DAY}|-{_MONTH}{_DAY}"
    r"|[-@]latest|-0\d\d)"
)
_SNAPSHOT = re.compile(rf"{_MARK}+$")
_BEDROCK_REVISION = re.compile(r"(?:-v\d+)?(?::\d+)?$")
_COMPACT_DATE = re.compile(rf"-({_YEAR})({_MONTH})({_DAY})(?=-|:|$)")
_FINE_TUNED = re.compile(r"ft:([^:]+)(?::.*)?$")
_BOUNDARY = ("", "/", ".", ":")


def resolve(book: Book, provider: str, model_id: str) -> Model | None:
    """The model of the book that an id means at a provider, or None.

    provider: our name (see catalog.aliases). model_id: as the provider writes it; case does not
    matter, and the resource prefix ``models/`` is dropped.
    """
    book = book.base
    key = ("match", provider, model_id)
    if key in book.resolved:
        return book.resolved[key]  # pyright: ignore[reportReturnType]
    return book.remember(key, _resolve(book, provider, model_id))


def named(model_id: str) -> str:
    """An id as it is compared: without blanks around it, its resource path, and capitals."""
    return model_id.strip().lower().removeprefix("models/")


def _resolve(book: Book, provider: str, model_id: str) -> Model | None:
    text = model_id.strip().lower().removeprefix("models/")
    fine_tuned = _FINE_TUNED.fullmatch(text)
    if fine_tuned is not None:
        text = f"ft:{fine_tuned.group(1)}"
    known = book.providers.get(provider)
    vendors = (provider, *(known.fallback if known else ()))
    for candidate in _spellings(text):
        for vendor in vendors:
            model = _shelf(book, vendor).find(candidate)
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
            if _matches(model.match, text, self._vendor):
                return model
        return self._models[place] if place < len(self._models) else None


def _shelf(book: Book, vendor: str) -> _Shelf:
    key = ("shelf", vendor)
    shelf = book.resolved.get(key)
    if isinstance(shelf, _Shelf):
        return shelf
    return book.remember(key, _Shelf(vendor, book.models(vendor)))


def _spellings(text: str) -> tuple[str, ...]:
    """The id, and the same id with its compact date written with dashes."""
    found = _COMPACT_DATE.search(text)
    if found is None:
        return (text,)
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return (text,)
    return text, f"{text[: found.start()]}-{day.isoformat()}{text[found.end() :]}"


def _matches(match: Match, text: str, vendor: str) -> bool:
    if text in match.equals:
        return True
    if any(re.search(pattern, text) for pattern in match.regex):
        return True
    if any(_starts_with(text, part, vendor) for part in match.starts_with):
        return True
    if any(text.endswith(p) and _at_boundary(text, len(text) - len(p)) for p in match.ends_with):
        return True
    if any(_contains(text, part, vendor) for part in match.contains):
        return True
    return bool(match.all) and all(_matches(part, text, vendor) for part in match.all)


def _starts_with(text: str, part: str, vendor: str) -> bool:
    """``….ft-`` opens the id of a fine-tuned deployment, which ends in whatever its owner chose."""
    return text.startswith(part) and (part.endswith(".ft-") or _is_mark(text, len(part), vendor))


def _contains(text: str, part: str, vendor: str) -> bool:
    start = text.find(part)
    return start >= 0 and _at_boundary(text, start) and _is_mark(text, start + len(part), vendor)


def _at_boundary(text: str, start: int) -> bool:
    return text[max(0, start - 1) : start] in _BOUNDARY


def _is_mark(text: str, end: int, vendor: str) -> bool:
    """Whether what follows ``end`` is nothing but the tail of a snapshot mark."""
    if vendor == "bedrock":
        text = _BEDROCK_REVISION.sub("", text)
    if end >= len(text):
        return True
    mark = _SNAPSHOT.search(text)
    return mark is not None and end >= mark.start()
