"""Two models at every moment and in every way of calling at which their rates can differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from quotah_server.catalog.book import Book, Model, Period, Rate, Tiered, Variant
from quotah_server.catalog.plan import period_at, seconds

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = timedelta(days=1)

Steps = tuple[tuple[int, Decimal], ...]
"""(beyond so many input tokens, dollars), the first beyond 0."""


class Stretch(msgspec.Struct, frozen=True):
    """Days between which no rule begins or ends: since inclusive (None: ever), until exclusive (None:
    for good). sample: one of them, the first where there is one.
    """

    since: date | None
    until: date | None
    sample: date

    def is_begun(self, day: date) -> bool:
        """Whether a day before this one belongs to it."""
        return self.since is None or self.since < day


class Sight(msgspec.Struct, frozen=True):
    """One unit's rate, with its source, in both books at one moment, for one way of calling.

    way: in words, "" for the standard one. clock: weekday and hour, "" where no schedule matters.
    """

    unit: str
    way: str
    clock: str
    left: tuple[Rate, str] | None
    right: tuple[Rate, str] | None


def stretches(models: tuple[Model, Model], today: date) -> list[Stretch]:
    """All time, cut at every date that one of the models names."""
    parts = [part for model in models for part in (*model.periods, *model.variants)]
    edges = sorted({day for part in parts for day in (part.from_, part.until) if day is not None})
    if not edges:
        return [Stretch(None, None, today - _DAY)]
    ends = [*edges[1:], None]
    first = Stretch(None, edges[0], edges[0] - _DAY)
    return [first, *(Stretch(day, end, day) for day, end in zip(edges, ends, strict=True))]


def sights(
    models: tuple[Model, Model], books: tuple[Book, Book], stretch: Stretch
) -> Iterator[Sight]:
    """Both books at every moment of a stretch at which a schedule may change something."""
    periods = [period for model in models for period in model.periods]
    clocks = sorted(
        {"00:00", *(clock for period in periods for clock in _clocks(period))}, key=seconds
    )
    weekly = any(period.weekly is not None for period in periods)
    days = [stretch.sample + _DAY * n for n in range(7 if weekly else 1)]
    ways = [{}, *_ways(models)]
    for day in days:
        if stretch.until is not None and day >= stretch.until and day != stretch.sample:
            break
        for clock in clocks:
            spoken = (f"{_DAYS[day.weekday()]} " if weekly else "") + _hour(clock)
            for way in ways:
                yield from _at_moment(
                    models, books, way, day, clock, spoken if weekly or len(clocks) > 1 else ""
                )


def _at_moment(
    models: tuple[Model, Model],
    books: tuple[Book, Book],
    way: dict[str, str],
    day: date,
    clock: str,
    spoken: str,
) -> Iterator[Sight]:
    left, right = (
        _rates_at(book, model, way, day, seconds(clock))
        for book, model in zip(books, models, strict=True)
    )
    named = " ".join(f"{key} {value}" for key, value in way.items())
    for unit in {**left, **right}:
        if unit in books[0].units:
            yield Sight(unit, named, spoken, left.get(unit), right.get(unit))


def _rates_at(
    book: Book, model: Model, way: dict[str, str], day: date, second: int
) -> dict[str, tuple[Rate, str]]:
    """Unit → (rate, source) that the model itself names at a moment; of a way, its own rates alone."""
    part: Period | Variant | None
    if way:
        part = next((v for v in model.variants if v.when == way and _within(v, day)), None)
    else:
        part = period_at(book, model, day, second)
    if part is None:
        return {}
    return {unit: (rate, part.sources.get(unit, part.source)) for unit, rate in part.rates.items()}


def _within(variant: Variant, day: date) -> bool:
    begun = variant.from_ is None or day >= variant.from_
    return begun and (variant.until is None or day < variant.until)


def _ways(models: tuple[Model, Model]) -> list[dict[str, str]]:
    ways: list[dict[str, str]] = []
    for variant in (variant for model in models for variant in model.variants):
        if variant.when not in ways:
            ways.append(variant.when)
    return ways


def _clocks(period: Period) -> tuple[str, ...]:
    clocks = (period.from_at, period.until_at, *(period.daily or ()))
    return tuple(clock for clock in clocks if clock is not None)


def _hour(clock: str) -> str:
    minutes = seconds(clock) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d} UTC"


def steps(rate: Rate) -> Steps:
    """A rate by the size of the request."""
    if isinstance(rate, Tiered):
        return ((0, rate.base), *sorted(rate.above.items()))
    return ((0, rate),)


def rate_beyond(steps: Steps, tokens: int) -> Decimal | None:
    """The rate of requests just larger than so many input tokens."""
    return next((amount for start, amount in reversed(steps) if start <= tokens), None)
