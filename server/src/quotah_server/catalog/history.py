"""What past calls cost, frozen: no later book may say otherwise without a dated reason.

A history is JSON lines: a header, then what the ids of one model cost in every way it is sold, from the
beginning of time up to the last frozen day. Whatever the history does not name is free to come: new
models, new ways, new units, prices where there were none, and all days after the last frozen one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from quotah_server.catalog.book import Book, Model, Period
from quotah_server.catalog.match import resolve
from quotah_server.catalog.plan import Way, plan_at, seconds

ANYWHERE = "anywhere"
"""Stands for any value where an uplift is asked for by ``*``."""
Edge = tuple[date, int]
"""A UTC day and a second of it."""
Cost = dict[str, str]
"""Unit → its rate (``2.5``, or ``2.5 >200000 5``), where it differs from that of the unit it is part of;
``least <unit>`` → the least billed."""
_What = TypeVar("_What")
_BEGINNING: Edge = (date.min, 0)
_ASKABLE = frozenset(Way.__struct_fields__)


class Header(msgspec.Struct, frozen=True):
    """through: the last frozen UTC day. units: unit → what it is a part of, and the count a rate is for."""

    history: int
    through: date
    units: dict[str, tuple[str | None, int]]


class Frozen(msgspec.Struct, frozen=True):
    """What some ids of a provider mean: one model, at one cost.

    costs: told once. ways: how a call is made (``""``, ``service_tier=flex``) → since when it costs what:
    ``2026-08-17T01:00`` and the place in ``costs``, None where it has no price.
    """

    provider: str
    ids: tuple[str, ...]
    costs: tuple[Cost, ...]
    ways: dict[str, tuple[tuple[str, int | None], ...]]


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                 rename={"from_": "from"}):  # fmt: skip
    """The past was told wrong, and why it is told otherwise from now on.

    on: the day of this entry; it counts until a later day is frozen. models: a regular expression for
    whole ids. units: all, if left out. from_, until: UTC days that it is about, ``until`` exclusive.
    """

    on: date
    provider: str
    models: str
    reason: str
    source: str
    units: tuple[str, ...] = ()
    from_: date = date.min
    until: date = date.max


class Difference(msgspec.Struct, frozen=True):
    """A past price that a book tells otherwise. was, now: as in ``Cost``; "" where there is none."""

    provider: str
    model: str
    way: str
    since: str
    unit: str
    was: str
    now: str


def freeze(book: Book, through: date) -> bytes:
    """The history that a book tells, up to and including a day."""
    units = {unit.unit: (unit.part_of, unit.per) for unit in book.units.values()}
    lines: list[object] = [Header(1, through, units)]
    for provider in book.providers:
        for model, ids in _known(book, provider):
            frozen = _frozen(book, provider, model, ids, through)
            if frozen is not None:
                lines.append(frozen)
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def differences(
    book: Book, history: bytes, corrections: Iterable[Correction] = ()
) -> list[Difference]:
    """What a book tells otherwise than a history, but for what is corrected. Raises
    msgspec.ValidationError for anything else than a history.
    """
    first, *lines = history.splitlines()
    header = msgspec.json.decode(first, type=Header)
    fresh = [entry for entry in corrections if entry.on > header.through]
    found: list[Difference] = []
    for line in lines:
        frozen = msgspec.json.decode(line, type=Frozen)
        found.extend(_otherwise(book, header, frozen, fresh))
    found.extend(_other_units(book, header))
    return found


def through(history: bytes) -> date:
    """The last day of a history."""
    return msgspec.json.decode(history.split(b"\n", 1)[0], type=Header).through


def _known(book: Book, provider: str) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """The models of a provider, each with the declared ids that mean it."""
    for model in book.models(provider):
        match = model.match
        told = (model.model.lower(), *match.equals, *match.starts_with, *match.contains)
        ids = tuple(name for name in dict.fromkeys(told) if resolve(book, provider, name) is model)
        if ids:
            yield model, ids


# --- what a model costs, told as a course of time --------------------------------------------------


def _frozen(
    book: Book, provider: str, model: Model, ids: tuple[str, ...], last: date
) -> Frozen | None:
    costs: list[Cost] = []
    ways: dict[str, tuple[tuple[str, int | None], ...]] = {}
    for name in _ways(model):
        course: list[tuple[str, int | None]] = []
        for edge, cost in _course(book, model, name, last):
            if cost is not None and cost not in costs:
                costs.append(cost)
            place = None if cost is None else costs.index(cost)
            if not course or course[-1][1] != place:
                course.append((_text(edge), place))
        ways[name] = tuple(course)
    if not any(place is not None for course in ways.values() for _, place in course):
        return None
    return Frozen(provider, ids, tuple(costs), ways)


def _ways(model: Model) -> list[str]:
    """``""``, and each way that a variant or an uplift of the model names."""
    named = [_name(v.when) for v in model.variants if v.when.keys() <= _ASKABLE]
    for uplift in model.uplifts:
        named.extend(
            _name({key: ANYWHERE if value == "*" else value})
            for key, values in uplift.when.items()
            for value in values
        )
    return list(dict.fromkeys(["", *named]))


def _name(when: dict[str, str]) -> str:
    return "&".join(f"{key}={value}" for key, value in sorted(when.items()))


def _way(name: str) -> Way:
    return Way(**dict(part.split("=", 1) for part in name.split("&") if part))


def _course(book: Book, model: Model, way: str, last: date) -> Iterator[tuple[Edge, Cost | None]]:
    """Every moment at which the cost may change, up to the end of the last day, and the cost."""
    asked = _way(way)
    for day, second in _edges(model, last):
        plan = plan_at(book, model, asked, day, second)
        if plan.reason:
            yield (day, second), None
            continue
        cost = {unit: _rate(c.rate_usd, c.above) for unit, c in plan.charges.items()}
        own = {
            unit: rate for unit, rate in cost.items()
            if cost.get(book.units[unit].part_of or "") != rate
        }  # fmt: skip
        least = {f"least {unit}": str(count) for unit, count in plan.minimum.items()}
        yield (day, second), {**own, **least}


def _rate(base: Decimal, above: tuple[tuple[int, Decimal], ...]) -> str:
    return " ".join([f"{base:f}", *(f">{start} {amount:f}" for start, amount in above)])


def _edges(model: Model, last: date) -> list[Edge]:
    days = {
        day
        for part in (*model.variants, *model.uplifts)
        for day in (part.from_, part.until)
        if day is not None
    }
    edges: set[Edge] = {_BEGINNING, *((day, 0) for day in days)}
    for period in model.periods:
        for day, clock in ((period.from_, period.from_at), (period.until, period.until_at)):
            if day is not None:
                edges.add((day, seconds(clock or "00:00")))
    begun = min((day for day, _ in edges if day > date.min), default=last - timedelta(days=28))
    for period in model.periods:
        if period.daily or period.weekly:
            edges.update(_repeated(period, period.from_ or begun, last))
    return sorted(edge for edge in edges if edge[0] <= last)


def _repeated(period: Period, first: date, last: date) -> Iterator[Edge]:
    """Every edge of a schedule, day by day."""
    clocks = {0, *(seconds(clock) for clock in period.daily or ())}
    until = min(last, period.until or last)
    for number in range((until - first).days + 1):
        for clock in clocks:
            yield first + timedelta(days=number), clock


def _text(edge: Edge) -> str:
    day, second = edge
    if edge == _BEGINNING:
        return ""
    if second == 0:
        return day.isoformat()
    return f"{day.isoformat()}T{second // 3600:02}:{second // 60 % 60:02}"


def _edge(text: str) -> Edge:
    if not text:
        return _BEGINNING
    day, _, clock = text.partition("T")
    return date.fromisoformat(day), seconds(clock or "00:00")


# --- comparing -------------------------------------------------------------------------------------


def _otherwise(
    book: Book, header: Header, frozen: Frozen, corrections: list[Correction]
) -> Iterator[Difference]:
    meant: dict[str, list[str]] = {}
    models: dict[str, Model | None] = {}
    for name in frozen.ids:
        model = resolve(book, frozen.provider, name)
        place = "" if model is None else f"{model.provider}/{model.model}"
        meant.setdefault(place, []).append(name)
        models[place] = model
    for place, ids in meant.items():
        for difference in _changes(book, header, frozen, models[place], ids[0]):
            wanted = [name for name in ids if not _corrected(difference, name, corrections)]
            if wanted:
                yield msgspec.structs.replace(difference, model=wanted[0])


def _changes(
    book: Book, header: Header, frozen: Frozen, model: Model | None, name: str
) -> Iterator[Difference]:
    for way, course in frozen.ways.items():
        then = [(_edge(since), place) for since, place in course]
        now: list[tuple[Edge, Cost | None]] = [(_BEGINNING, None)]
        if model is not None:
            now = list(_course(book, model, way, header.through))
        for edge in sorted({*(edge for edge, _ in then), *(edge for edge, _ in now)}):
            place = _at(then, edge)
            if place is None:
                continue
            was, other = frozen.costs[place], _at(now, edge)
            for unit, before, after in _apart(header, was, other):
                yield Difference(frozen.provider, name, way, _text(edge), unit, before, after)


def _at(course: list[tuple[Edge, _What]], edge: Edge) -> _What:
    """What holds at a moment."""
    return next(what for since, what in reversed(course) if since <= edge)


def _apart(header: Header, was: Cost, now: Cost | None) -> Iterator[tuple[str, str, str]]:
    for unit in (*header.units, *(unit for unit in was if unit.startswith("least "))):
        before = _told(header, was, unit)
        after = "" if now is None else _told(header, now, unit)
        if before and before != after:
            yield unit, before, after


def _told(header: Header, cost: Cost, unit: str) -> str:
    """A unit's rate, or that of the unit it is part of; "" where it has none."""
    step: str | None = unit
    while step is not None:
        if step in cost:
            return cost[step]
        step = header.units.get(step, (None, 0))[0]
    return ""


def _other_units(book: Book, header: Header) -> Iterator[Difference]:
    for name, (part_of, per) in header.units.items():
        unit = book.units.get(name)
        if unit is None or (unit.part_of, unit.per) != (part_of, per):
            now = "" if unit is None else f"{unit.part_of} {unit.per}"
            yield Difference("", "", "", "", name, f"{part_of} {per}", now)


def _corrected(found: Difference, name: str, corrections: list[Correction]) -> bool:
    day = _edge(found.since)[0]
    return any(
        entry.provider == found.provider
        and re.fullmatch(entry.models, name) is not None
        and (not entry.units or found.unit in entry.units)
        and entry.from_ <= day < entry.until
        for entry in corrections
    )
