"""Applies patches to the models of the base book, one kind of entry after the other.

A patch that touches nothing stops the build: the base book has overtaken it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Protocol, TypeVar

import msgspec

from quotah_server.catalog.book import (
    BASE_SOURCE,
    Match,
    Model,
    Period,
    Rate,
    Tiered,
    Uplift,
    Variant,
)
from quotah_server.catalog.patch import (
    AddedModel,
    AddedRates,
    AddedUplift,
    AddedVariant,
    Alias,
    DerivedVariant,
    EarlierVariant,
    Minimum,
    MovedAlias,
    Multiple,
    PastRates,
    Patch,
    Patches,
    ReplacedRates,
    Schedule,
)
from quotah_server.domain.money import product, usd_text

_Rated = TypeVar("_Rated", Period, Variant)
_Entry = TypeVar("_Entry", bound="_ForModels")
Edge = tuple[date, str]
"""A day and the UTC time on it (``00:00``)."""
_BEGINNING: Edge = (date.min, "00:00")
_END: Edge = (date.max, "00:00")
_UPLIFT_KEYS = frozenset({"host", "region", "inference_geo", "deployment_type"})


def patched(patches: Patches, base: dict[str, list[Model]]) -> list[Model]:
    """The base book's models by provider → all models, patched.

    Raises ValueError for a patch that changes nothing or contradicts what it patches.
    """
    files = {patch.provider: patch for patch in patches.patches}
    tokens = frozenset(unit.unit for unit in patches.units if unit.token)
    merged = {name: base.get(name, []) for name in [*base, *files]}
    for name, patch in files.items():
        merged[name] = _applied(patch, merged[name], tokens)
    return [model for models in merged.values() for model in models]


def plain(amount: Decimal) -> Decimal:
    """The same amount without exponent or trailing zeros, so that it is written one way only."""
    return Decimal(usd_text(amount))


def _applied(patch: Patch, models: list[Model], tokens: frozenset[str]) -> list[Model]:
    models = _with_models(patch, models)
    for alias in patch.aliases:
        models = _each(models, re.escape(alias.of), lambda m, a=alias: _with_names(m, a))
    for schedule in patch.schedules:
        models = [_without_windows(model, schedule) for model in models]
    models = _each_of(models, (*patch.replaced_rates, *patch.past_rates), _with_dated)
    models = _each_of(models, patch.added_rates, _with_rates)
    models = _each_of(models, patch.added_variants, _with_variant)
    models = _each_of(models, patch.earlier_variants, _with_earlier)
    models = _each_of(models, patch.derived_variants, lambda m, d: _with_derived(m, d, tokens))
    models = _each_of(models, patch.multiples, _with_multiple)
    standing = {model.model: model.periods for model in models}
    models = _each_of(
        models, patch.schedules, lambda m, s: _with_schedule(m, standing[m.model], s, tokens)
    )
    models = _each_of(models, patch.uplifts, _with_uplift)
    models = _each_of(models, patch.minimums, _with_minimum)
    for moved in patch.moved_aliases:
        models = _with_moved(patch.provider, models, moved)
    return models


class _ForModels(Protocol):
    """An entry that names models by a regular expression."""

    @property
    def models(self) -> str: ...


def _each_of(
    models: list[Model], entries: Iterable[_Entry], change: Callable[[Model, _Entry], Model]
) -> list[Model]:
    for entry in entries:
        models = _each(models, entry.models, lambda model, entry=entry: change(model, entry))
    return models


def _each(models: list[Model], pattern: str, change: Callable[[Model], Model]) -> list[Model]:
    wanted = re.compile(pattern)
    changed = [change(m) if wanted.fullmatch(m.model) else m for m in models]
    if changed == models:
        raise ValueError(f"the patch for models {pattern!r} changes nothing: is it still needed?")
    return changed


# --- models ---------------------------------------------------------------------------------------


def _with_models(patch: Patch, models: list[Model]) -> list[Model]:
    known = {model.model: model for model in models}
    for new in (*patch.added_models, *patch.past_models):
        if (new.model in known) != new.replaces:
            told = "is in the base book" if new.model in known else "is not in the base book"
            raise ValueError(f"{patch.provider}/{new.model} {told}: see 'replaces'")
    made = {
        new.model: _made(patch.provider, new, known.get(new.model))
        for new in (*patch.added_models, *patch.past_models)
    }
    first = [made[new.model] for new in patch.added_models if not new.replaces]
    last = [made[new.model] for new in patch.past_models if not new.replaces]
    return [*first, *(made.get(model.model, model) for model in models), *last]


def _made(provider: str, new: AddedModel, old: Model | None) -> Model:
    match = new.match or (old.match if old else Match(equals=(new.model.lower(),)))
    if (new.rates is None) == (not new.periods):
        raise ValueError(f"{provider}/{new.model}: either rates or periods")
    if new.rates is not None:
        return Model(provider, new.model, match, (Period(new.rates, source=new.source),))
    starts = [(part.from_ or date.min, part.from_at or "00:00") for part in new.periods]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        raise ValueError(f"{provider}/{new.model}: periods must be in the order of their days")
    periods = tuple(
        Period(part.rates, from_=part.from_, from_at=part.from_at, source=part.source or new.source)
        for part in new.periods
    )
    return Model(provider, new.model, match, periods)


def _with_names(model: Model, alias: Alias) -> Model:
    if not alias.equals and not alias.starts_with:
        raise ValueError(f"the alias of {model.model} names no id")
    match = msgspec.structs.replace(
        model.match,
        equals=tuple(dict.fromkeys((*model.match.equals, *map(str.lower, alias.equals)))),
        starts_with=tuple(
            dict.fromkeys((*model.match.starts_with, *map(str.lower, alias.starts_with)))
        ),
    )
    return msgspec.structs.replace(model, match=match)


def _with_moved(provider: str, models: list[Model], alias: MovedAlias) -> list[Model]:
    """A model whose periods and variants are those of the ones it means, each in its time."""
    known = {model.model: model for model in models}
    starts = [(move.from_ or date.min, "00:00") for move in alias.moves]
    periods: list[Period] = []
    variants: list[Variant] = []
    for move, start, end in zip(alias.moves, starts, [*starts[1:], _END], strict=True):
        if move.of not in known:
            raise ValueError(f"{provider}/{alias.model} means {move.of}, which nobody prices")
        target = known[move.of]
        periods.extend(_clipped(target.periods, start, end))
        variants[:0] = _variants_within(target.variants, start[0], end[0])
    match = alias.match or Match(equals=(alias.model.lower(),))
    last = known[alias.moves[-1].of]
    made = Model(
        provider, alias.model, match, tuple(periods), tuple(variants), last.uplifts, last.minimum
    )
    if alias.model in known:
        return [made if model.model == alias.model else model for model in models]
    return [made, *models]


def _variants_within(variants: Iterable[Variant], start: date, end: date) -> list[Variant]:
    return [
        msgspec.structs.replace(
            variant,
            from_=_day(max(variant.from_ or date.min, start)),
            until=_day(min(variant.until or date.max, end)),
        )
        for variant in variants
        if max(variant.from_ or date.min, start) < min(variant.until or date.max, end)
    ]


# --- periods --------------------------------------------------------------------------------------


def _start(period: Period) -> Edge:
    return (period.from_, period.from_at or "00:00") if period.from_ else _BEGINNING


def _stop(period: Period) -> Edge:
    return (period.until, period.until_at or "00:00") if period.until else _END


def _day(day: date) -> date | None:
    return None if day in (date.min, date.max) else day


def _at(edge: Edge) -> str | None:
    return None if edge[1] == "00:00" else edge[1]


def _between(period: Period, start: Edge, end: Edge) -> Period:
    return msgspec.structs.replace(
        period, from_=_day(start[0]), from_at=_at(start), until=_day(end[0]), until_at=_at(end)
    )


def _spans(periods: tuple[Period, ...]) -> list[tuple[Edge, Edge, Period]]:
    """Standing periods with the time each holds, up to the next one."""
    if any(p.daily or p.weekly or p.until for p in periods):
        raise ValueError("a model with windows cannot be patched by dates: use schedules")
    starts = [_start(period) for period in periods]
    return list(zip(starts, [*starts[1:], _END], periods, strict=True))


def _clipped(periods: tuple[Period, ...], start: Edge, end: Edge) -> list[Period]:
    """The periods, schedules included, as far as they hold within a time."""
    standing = tuple(p for p in periods if not (p.daily or p.weekly or p.until))
    scheduled = [(_start(p), _stop(p), p) for p in periods if p.daily or p.weekly or p.until]
    return [
        _between(period, max(begin, start), min(stop, end))
        for begin, stop, period in (*_spans(standing), *scheduled)
        if max(begin, start) < min(stop, end)
    ]


def _edges(entry: PastRates | ReplacedRates | Schedule) -> tuple[Edge, Edge]:
    start = (entry.from_, entry.from_at or "00:00") if entry.from_ else _BEGINNING
    end = (entry.until, entry.until_at or "00:00") if entry.until else _END
    if start >= end:
        raise ValueError(f"a time that ends before it begins: {start} {end}")
    return start, end


def _with_dated(model: Model, entry: PastRates | ReplacedRates) -> Model:
    """Cut the standing periods at the entry's edges, and lay its rates over those in between."""
    start, end = _edges(entry)
    periods: list[Period] = []
    for begin, stop, period in _spans(model.periods):
        cuts = sorted({begin, *(edge for edge in (start, end) if begin < edge < stop)})
        for cut in cuts:
            part = _between(period, cut, _END)
            periods.append(_over(part, entry.rates, entry.source) if start <= cut < end else part)
    return msgspec.structs.replace(model, periods=tuple(periods))


def _with_rates(model: Model, added: AddedRates) -> Model:
    periods = tuple(_over(period, added.rates, added.source) for period in model.periods)
    return msgspec.structs.replace(model, periods=periods)


def _over(part: _Rated, rates: dict[str, Rate], source: str) -> _Rated:
    """The same part of a model with some rates put over its own."""
    sources = {**part.sources, **dict.fromkeys(rates, source)}
    return msgspec.structs.replace(part, rates={**part.rates, **rates}, sources=sources)


def _without_windows(model: Model, schedule: Schedule) -> Model:
    if not re.fullmatch(schedule.models, model.model):
        return model
    standing = tuple(p for p in model.periods if not (p.daily and p.source == BASE_SOURCE))
    return msgspec.structs.replace(model, periods=standing)


def _with_schedule(
    model: Model, standing: tuple[Period, ...], schedule: Schedule, tokens: frozenset[str]
) -> Model:
    """One period for each window and each standing period that it meets."""
    if (schedule.rates is None) == (schedule.factor is None):
        raise ValueError(f"the schedule of {model.model}: either rates or a factor")
    start, end = _edges(schedule)
    added: list[Period] = []
    for begin, stop, period in _spans(standing):
        if max(begin, start) >= min(stop, end):
            continue
        part = _between(period, max(begin, start), min(stop, end))
        rates = schedule.rates
        if rates is None and schedule.factor is not None:
            factor = schedule.factor
            rates = {u: _times(r, factor) for u, r in part.rates.items() if u in tokens}
        part = _over(part, rates or {}, schedule.source)
        added.extend(
            msgspec.structs.replace(part, daily=window, weekly=schedule.weekly)
            for window in schedule.windows or (None,)
        )
    return msgspec.structs.replace(model, periods=(*model.periods, *added))


# --- variants and what lies over rates ------------------------------------------------------------


def _with_variant(model: Model, new: AddedVariant) -> Model:
    added = Variant(new.when, new.rates, from_=new.from_, until=new.until, source=new.source)
    return msgspec.structs.replace(model, variants=(added, *model.variants))


def _with_earlier(model: Model, earlier: EarlierVariant) -> Model:
    changes = [period.from_ for period in model.periods if period.from_ is not None]

    def moved(variant: Variant) -> Variant:
        if variant.when != earlier.when or variant.from_ is None:
            return variant
        # Not behind the change of the standard rates that these rates go with.
        since = max([earlier.since, *(day for day in changes if day <= variant.from_)])
        if variant.from_ <= since:
            return variant
        return msgspec.structs.replace(variant, from_=since, source=earlier.source)

    return msgspec.structs.replace(model, variants=tuple(map(moved, model.variants)))


def _with_derived(model: Model, derived: DerivedVariant, tokens: frozenset[str]) -> Model:
    """One variant per uncovered period, the latest first, since the first that holds counts."""
    known = [variant for variant in model.variants if variant.when == derived.when]
    units = {unit for variant in known for unit in variant.rates} or tokens
    covered = min((v.from_ or date.min for v in known), default=date.max)
    added = tuple(
        Variant(
            derived.when,
            {u: _times(rate, derived.factor) for u, rate in period.rates.items() if u in units},
            from_=max(period.from_ or derived.since, derived.since),
            source=derived.source,
        )
        for period in reversed(model.periods)
        if max(period.from_ or derived.since, derived.since) < covered
    )
    return msgspec.structs.replace(model, variants=(*model.variants, *added))


def _with_multiple(model: Model, multiple: Multiple) -> Model:
    def widened(part: _Rated) -> _Rated:
        if multiple.of not in part.rates:
            return part
        rate = _times(part.rates[multiple.of], multiple.factor)
        return _over(part, {multiple.unit: rate}, multiple.source)

    return msgspec.structs.replace(
        model,
        periods=tuple(widened(period) for period in model.periods),
        variants=tuple(widened(variant) for variant in model.variants),
    )


def _times(rate: Rate, factor: Decimal) -> Rate:
    if isinstance(rate, Tiered):
        above = {start: plain(product(amount, factor)) for start, amount in rate.above.items()}
        return Tiered(plain(product(rate.base, factor)), above)
    return plain(product(rate, factor))


def _with_uplift(model: Model, added: AddedUplift) -> Model:
    if unheard := added.when.keys() - _UPLIFT_KEYS:
        raise ValueError(f"an uplift cannot depend on {sorted(unheard)}")
    when = {key: tuple(map(str.lower, values)) for key, values in added.when.items()}
    uplift = Uplift(
        added.name, when, added.factor, added.source, from_=added.since, until=added.until
    )
    return msgspec.structs.replace(model, uplifts=(*model.uplifts, uplift))


def _with_minimum(model: Model, least: Minimum) -> Model:
    return msgspec.structs.replace(model, minimum={**model.minimum, **least.units})
