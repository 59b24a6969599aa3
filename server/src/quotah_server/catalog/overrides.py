"""Which of a workspace's own prices a call falls under, and whether one may be set at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book, Model
from quotah_server.catalog.ids import named
from quotah_server.catalog.match import resolve
from quotah_server.catalog.terms import Override

ANY = "*"
MAX_RATE_USD = Decimal(1_000_000)
"""Dollars per ``Unit.per``; more is a slip of the pen."""
MAX_FACTOR = Decimal(10)
MAX_DECIMALS = 18
"""Of a rate or factor, so that products stay exact."""
MAX_NAME_LENGTH = 200
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_ANSWERED, _LISTED, _PREFIX = 3, 2, 1


def override_for(
    book: Book,
    provider: str,
    model: str | None,
    deployment: str | None,
    project_id: str,
    at: datetime,
) -> Override | None:
    """The narrowest of the book's overrides that fits a call; None: the list holds.

    model: as answered. deployment: as asked for. See ``Override`` for what fits and what is narrow.
    """
    key = ("overrides", provider, model, deployment, project_id)
    fitting = book.resolved.get(key)
    if not isinstance(fitting, tuple):
        fitting = book.remember(key, _fitting(book, provider, model, deployment, project_id))
    for override in fitting:
        if _holds(override, at):
            return override
    return None


def _holds(override: Override, at: datetime) -> bool:
    begun = override.from_ is None or at >= override.from_
    return begun and (override.until is None or at < override.until)


def _fitting(
    book: Book, provider: str, model: str | None, deployment: str | None, project_id: str
) -> tuple[Override, ...]:
    """All that fit at one time or another, the narrowest first."""
    asked = _names(model, deployment)
    listed = resolve(book, provider, model) if model is not None else None
    ranked: list[tuple[tuple[object, ...], Override]] = []
    for override in book.terms.overrides:
        if override.provider != ANY and canonical(override.provider) != provider:
            continue
        if override.project_id is not None and override.project_id != project_id:
            continue
        if override.deployment is not None and not _same(override.deployment, deployment):
            continue
        closeness = _closeness(override.model, asked, listed)
        if closeness is not None:
            ranked.append((_narrowness(override, closeness), override))
    ranked.sort(key=lambda entry: entry[0], reverse=True)
    return tuple(override for _, override in ranked)


def _narrowness(override: Override, closeness: tuple[int, int]) -> tuple[object, ...]:
    return (
        override.project_id is not None,
        override.deployment is not None,
        closeness,
        override.provider != ANY,
        override.from_ or _EARLIEST,
        override.override_id,
    )


def _closeness(
    pattern: str, asked: tuple[str, ...], listed: Model | None
) -> tuple[int, int] | None:
    """How closely a pattern names a model; None: not at all."""
    if pattern == ANY:
        return (0, 0)
    wanted = named(pattern)
    book_name = () if listed is None else (listed.model.lower(),)
    if wanted.endswith(ANY):
        prefix = wanted[:-1]
        fits = any(name.startswith(prefix) for name in (*asked, *book_name))
        return (_PREFIX, len(prefix)) if fits else None
    if wanted in asked:
        return (_ANSWERED, 0)
    return (_LISTED, 0) if wanted in book_name else None


def _names(model: str | None, deployment: str | None) -> tuple[str, ...]:
    return tuple(named(name) for name in (model, deployment) if name is not None)


def _same(wanted: str, deployment: str | None) -> bool:
    return deployment is not None and wanted.strip().lower() == deployment.strip().lower()


def touched(book: Book, override: Override) -> tuple[Model, ...]:
    """The models of the book that an override reaches by its provider and model, now or later."""
    providers = book.providers if override.provider == ANY else (canonical(override.provider),)
    found = [model for provider in providers for model in _reached(book, provider, override.model)]
    return tuple(found)


def _reached(book: Book, provider: str, pattern: str) -> Iterable[Model]:
    if pattern == ANY:
        return book.models(provider)
    wanted = named(pattern)
    if wanted.endswith(ANY):
        return [m for m in book.models(provider) if m.model.lower().startswith(wanted[:-1])]
    exact = [model for model in book.models(provider) if model.model.lower() == wanted]
    model = resolve(book, provider, wanted)
    return exact or ([] if model is None else [model])


def check_override(book: Book, override: Override) -> list[tuple[str, str]]:
    """What is wrong with an override: field, message; empty when it may be set."""
    found = [*_check_names(override), *_check_amounts(book, override)]
    for field, moment in (("from", override.from_), ("until", override.until)):
        if moment is not None and moment.tzinfo is None:
            found.append((field, "must carry a time zone"))
    aware = all(m is None or m.tzinfo for m in (override.from_, override.until))
    if aware and override.from_ and override.until and override.until <= override.from_:
        found.append(("until", "must be later than from"))
    return found


def _check_names(override: Override) -> Iterable[tuple[str, str]]:
    required = {"provider": override.provider, "model": override.model}
    optional = {"deployment": override.deployment, "project_id": override.project_id}
    for field, value in {**required, **optional}.items():
        if value is None:
            continue
        if not value.strip():
            yield field, "must not be blank"
        elif len(value) > MAX_NAME_LENGTH:
            yield field, f"must have {MAX_NAME_LENGTH} characters at most"
    if ANY in override.model.strip()[:-1]:
        yield "model", "may hold * at its end only"
    if ANY in override.provider and override.provider != ANY:
        yield "provider", "must be one provider, or *"


def _check_amounts(book: Book, override: Override) -> Iterable[tuple[str, str]]:
    if (override.rates is None) == (override.factor is None):
        yield "rates", "give either rates or a factor"
    elif override.rates is not None and not override.rates:
        yield "rates", "must name one unit at least"
    if override.factor is not None:
        yield from _check_factor(override.factor)
    for unit, rate in (override.rates or {}).items():
        field = f"rates.{unit}"
        if unit not in book.units:
            yield field, f"{unit} is no unit of the book"
        elif not rate.is_finite() or rate < 0:
            yield field, "must be an amount of dollars, 0 or more"
        elif rate > MAX_RATE_USD:
            yield field, f"must be ${MAX_RATE_USD:,} per {book.units[unit].per:,} at most"
        elif _decimals(rate) > MAX_DECIMALS:
            yield field, f"must have {MAX_DECIMALS} decimals at most"


def _check_factor(factor: Decimal) -> Iterable[tuple[str, str]]:
    if not factor.is_finite() or not 0 < factor <= MAX_FACTOR:
        yield "factor", f"must be greater than 0 and {MAX_FACTOR} at most"
    elif _decimals(factor) > MAX_DECIMALS:
        yield "factor", f"must have {MAX_DECIMALS} decimals at most"


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
