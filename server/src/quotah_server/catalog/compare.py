"""Two price books side by side: what an update changes, and where our patches contradict the base book.

A rate is looked at wherever it can differ: in every stretch between two dates on which either book
changes, at every hour and weekday a schedule names, for every way of calling that has rates of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from quotah_server.catalog.book import Book, Model, Period, Rate, Tiered, Variant
from quotah_server.catalog.match import resolve
from quotah_server.catalog.plan import period_at, seconds
from quotah_server.domain.money import ratio, usd_text

MAX_FACTOR = 10
"""A rate that changes by more than this, either way, is not believed unseen."""
REMOVED_SHARE = 20
"""At most one model in so many may be gone."""
_NAMED = 3
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = timedelta(days=1)

Steps = tuple[tuple[int, Decimal], ...]
"""(beyond so many input tokens, dollars), the first beyond 0."""
_Key = tuple[str, str, int]
"""Unit, way of calling, size."""


class RateChange(msgspec.Struct, frozen=True):
    """A rate that differs between two books, shown where it differs most.

    old_usd, new_usd: None where that book names none. ratio: new ÷ old; None where it has no meaning.
    when: the way of calling and the size it is limited to. past: days that are over have another rate.
    """

    provider: str
    model: str
    unit: str
    old_usd: Decimal | None
    new_usd: Decimal | None
    ratio: Decimal | None
    when: str
    past: bool


class Comparison(msgspec.Struct, frozen=True):
    """What tells a new book from an old one: changes, the greatest first; added and removed models as
    (provider, model); how many models the old one has.
    """

    changes: tuple[RateChange, ...]
    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    models: int


class Disagreement(msgspec.Struct, frozen=True):
    """A rate of ours that contradicts the base book's, in the latest stretch of time in which it does.

    since None: from the beginning on. until: exclusive; None: to this day and on.
    """

    provider: str
    model: str
    unit: str
    ours_usd: Decimal
    theirs_usd: Decimal
    source_ours: str
    source_theirs: str
    per: int
    since: date | None
    until: date | None
    when: str


class _Stretch(msgspec.Struct, frozen=True):
    """Days on which no date of a rule lies: since inclusive (None: ever), until exclusive (None: ever)."""

    since: date | None
    until: date | None
    sample: date


class _Sight(msgspec.Struct, frozen=True):
    """One unit's rate in both books at one moment, for one way of calling."""

    unit: str
    way: str
    clock: str
    left: tuple[Rate, str] | None
    right: tuple[Rate, str] | None


def compare(old: Book, new: Book, today: date) -> Comparison:
    """What a new book changes for the ids that the old one prices."""
    before, after = _models(old), _models(new)
    changes: list[RateChange] = []
    removed: list[tuple[str, str]] = []
    for key, model in before.items():
        heirs = _heirs(model, old, new) or ([after[key]] if key in after else [])
        if not heirs:
            removed.append(key)
        for heir in heirs:
            if _rated(heir) != _rated(model):
                changes.extend(_changes(model, heir, (old, new), today))
    added = tuple(key for key in after if key not in before)
    changes.sort(key=_weight, reverse=True)
    return Comparison(tuple(changes), added, tuple(removed), len(before))


def reasons_to_hold(found: Comparison, old: Book, new: Book) -> list[str]:
    """Why a person should look at an update before it prices anything; empty: nothing is odd."""
    reasons: list[str] = []
    wild = [change for change in found.changes if _is_wild(change)]
    if wild:
        reasons.append(f"{_rates(wild)} by more than {MAX_FACTOR} times: {_listed(wild)}")
    lost = [c for c in found.changes if c.new_usd is not None and c.new_usd <= 0]
    if lost:
        reasons.append(f"{_rates(lost)} to 0 or less: {_listed(lost)}")
    negative = _negative(new)
    if negative:
        reasons.append(
            f"{len(negative)} models have a rate below 0: {', '.join(negative[:_NAMED])}"
        )
    if len(found.removed) * REMOVED_SHARE > found.models:
        names = ", ".join("/".join(key) for key in found.removed[:_NAMED])
        reasons.append(f"{len(found.removed)} of {found.models} models are gone: {names}")
    odd = _patterns(new) - _patterns(old)
    if odd:
        told = ", ".join(sorted(odd)[:_NAMED])
        reasons.append(f"{len(odd)} regular expressions for model ids are new: {told}")
    past = [change for change in found.changes if change.past]
    if past:
        reasons.append(f"{_rates(past)} for days that are over: {_listed(past)}")
    return reasons


def disagreements(ours: Book, theirs: Book, today: date) -> tuple[Disagreement, ...]:
    """Where a rate of ours stands in place of another one of the base book, current ones first.

    ours: the book with our patches; theirs: the same base without them. What the base book does not
    price at all is no disagreement.
    """
    mine = _models(ours)
    found = [
        one
        for key, model in _models(theirs).items()
        if key in mine and _rated(mine[key]) != _rated(model)
        for one in _contradictions(mine[key], model, (ours, theirs), today)
    ]
    return tuple(sorted(found, key=lambda one: (_is_over(one, today), one.provider, one.model)))


def _is_over(one: Disagreement, today: date) -> bool:
    return one.until is not None and one.until <= today


def _models(book: Book) -> dict[tuple[str, str], Model]:
    return {(m.provider, m.model): m for name in book.providers for m in book.models(name)}


def _rated(model: Model) -> tuple[object, ...]:
    return model.periods, model.variants


def _heirs(model: Model, old: Book, new: Book) -> list[Model]:
    """The models of a new book that mean what ids of this one meant."""
    heirs: list[Model] = []
    for model_id in (model.model, *model.match.equals):
        if resolve(old, model.provider, model_id) is not model:
            continue  # an earlier model of the book takes this id
        heir = resolve(new, model.provider, model_id)
        if heir is not None and heir not in heirs:
            heirs.append(heir)
    return heirs


def _changes(
    model: Model, heir: Model, books: tuple[Book, Book], today: date
) -> Iterator[RateChange]:
    """One change per unit and way: the greatest from today on, else the greatest of the past."""
    greatest: dict[tuple[str, str], tuple[tuple[bool, Decimal], RateChange]] = {}
    past: set[tuple[str, str]] = set()
    for stretch in _stretches((model, heir), today):
        to_come = stretch.until is None or stretch.until > today
        for sight in _sights((model, heir), books, stretch):
            if sight.left is None:
                continue
            key = (sight.unit, sight.way)
            for change in _steps_changed(model, sight):
                if stretch.sample < today:
                    past.add(key)
                weight = (to_come, _weight(change))
                if key not in greatest or weight > greatest[key][0]:
                    greatest[key] = (weight, change)
    for key, (_, change) in greatest.items():
        yield msgspec.structs.replace(change, past=key in past)


def _steps_changed(model: Model, sight: _Sight) -> Iterator[RateChange]:
    assert sight.left is not None
    old = _steps(sight.left[0])
    new = _steps(sight.right[0]) if sight.right is not None else ()
    for tokens in sorted({step for step, _ in (*old, *new)}):
        before, after = _at(old, tokens), _at(new, tokens)
        if before != after:
            yield RateChange(
                model.provider, model.model, sight.unit, before, after, _ratio(before, after),
                ", ".join(part for part in (sight.way, _size(tokens)) if part), past=False,
            )  # fmt: skip


def _ratio(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    return ratio(after, before) if before and after is not None else None


def _weight(change: RateChange) -> Decimal:
    """How far a change goes, whichever way."""
    if not change.ratio or change.ratio < 0:
        return Decimal("Infinity")
    return max(change.ratio, ratio(Decimal(1), change.ratio))


def _is_wild(change: RateChange) -> bool:
    return bool(change.ratio) and _weight(change) > MAX_FACTOR


def _contradictions(
    ours: Model, theirs: Model, books: tuple[Book, Book], today: date
) -> Iterator[Disagreement]:
    latest: dict[_Key, Disagreement] = {}
    for stretch in _stretches((ours, theirs), today):
        if stretch.sample <= today:
            for key, one in _in_stretch(ours, theirs, books, stretch).items():
                latest[key] = _joined(latest.get(key), one)
    yield from latest.values()


def _in_stretch(
    ours: Model, theirs: Model, books: tuple[Book, Book], stretch: _Stretch
) -> dict[_Key, Disagreement]:
    """The contradictions of some days; the hour is named where others of these days know none."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[_Key, list[tuple[_Sight, Disagreement]]] = {}
    for sight in _sights((ours, theirs), books, stretch):
        if sight.left is None or sight.right is None:
            continue
        seen[sight.unit, sight.way] += 1
        for tokens, mine, base in _differing(sight.left[0], sight.right[0]):
            one = Disagreement(
                ours.provider, ours.model, sight.unit, mine, base, sight.left[1], sight.right[1],
                books[0].units[sight.unit].per, stretch.since, stretch.until, "",
            )  # fmt: skip
            found.setdefault((sight.unit, sight.way, tokens), []).append((sight, one))
    told: dict[_Key, Disagreement] = {}
    for (unit, way, tokens), all_ in found.items():
        sight, one = all_[0]
        clock = "" if len(all_) == seen[unit, way] else sight.clock
        when = ", ".join(part for part in (way, clock, _size(tokens)) if part)
        told[unit, way, tokens] = msgspec.structs.replace(one, when=when)
    return told


def _differing(mine: Rate, base: Rate) -> Iterator[tuple[int, Decimal, Decimal]]:
    left, right = _steps(mine), _steps(base)
    for tokens in sorted({step for step, _ in (*left, *right)}):
        ours, theirs = _at(left, tokens), _at(right, tokens)
        if ours is not None and theirs is not None and ours != theirs:
            yield tokens, ours, theirs


def _joined(before: Disagreement | None, one: Disagreement) -> Disagreement:
    """The later of two; begun with the earlier one where the same went on without a break."""
    if before is None:
        return one
    same = (before.ours_usd, before.theirs_usd) == (one.ours_usd, one.theirs_usd)
    if same and before.until == one.since:
        return msgspec.structs.replace(one, since=before.since)
    return one


def _size(tokens: int) -> str:
    return f"above {tokens:,} input tokens" if tokens else ""


def _stretches(models: tuple[Model, Model], today: date) -> list[_Stretch]:
    """All time, cut at every date that one of the models names."""
    parts = [part for model in models for part in (*model.periods, *model.variants)]
    edges = sorted({day for part in parts for day in (part.from_, part.until) if day is not None})
    if not edges:
        return [_Stretch(None, None, today - _DAY)]
    ends = [*edges[1:], None]
    first = _Stretch(None, edges[0], edges[0] - _DAY)
    return [first, *(_Stretch(day, end, day) for day, end in zip(edges, ends, strict=True))]


def _sights(
    models: tuple[Model, Model], books: tuple[Book, Book], stretch: _Stretch
) -> Iterator[_Sight]:
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
) -> Iterator[_Sight]:
    left, right = (
        _rates_at(book, model, way, day, seconds(clock))
        for book, model in zip(books, models, strict=True)
    )
    named = " ".join(f"{key} {value}" for key, value in way.items())
    for unit in {**left, **right}:
        if unit in books[0].units:
            yield _Sight(unit, named, spoken, left.get(unit), right.get(unit))


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


def _steps(rate: Rate) -> Steps:
    if isinstance(rate, Tiered):
        return ((0, rate.base), *sorted(rate.above.items()))
    return ((0, rate),)


def _at(steps: Steps, tokens: int) -> Decimal | None:
    return next((amount for start, amount in reversed(steps) if start <= tokens), None)


def _negative(book: Book) -> list[str]:
    return [
        f"{provider}/{name}"
        for (provider, name), model in _models(book).items()
        if any(
            amount < 0
            for part in (*model.periods, *model.variants)
            for rate in part.rates.values()
            for _, amount in _steps(rate)
        )
    ]


def _patterns(book: Book) -> set[str]:
    """All regular expressions: each is run on ids that callers choose."""
    return {
        text
        for model in _models(book).values()
        for match in (model.match, *model.match.all)
        for text in match.regex
    }


def _rates(changes: list[RateChange]) -> str:
    return "1 rate changes" if len(changes) == 1 else f"{len(changes)} rates change"


def _listed(changes: list[RateChange]) -> str:
    told = [
        f"{change.provider}/{change.model} {change.unit} {_usd(change.old_usd)} → {_usd(change.new_usd)}"
        for change in changes[:_NAMED]
    ]
    return ", ".join(told) + (" and more" if len(changes) > _NAMED else "")


def _usd(amount: Decimal | None) -> str:
    return "none" if amount is None else f"${usd_text(amount)}"
