"""What we know beyond genai-prices, read from ``data/patches/*.yaml`` when the book is built.

Every entry names a public source. Amounts are read as text and become Decimals; YAML's own numbers
would be floats. A patch that touches nothing stops the build: it has been overtaken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from quotah_server.catalog.book import (
    Match,
    Model,
    Period,
    Provider,
    Rate,
    Tiered,
    Unit,
    Uplift,
    Variant,
)
from quotah_server.domain.money import product, usd_text

_Rated = TypeVar("_Rated", Period, Variant)


class AddedRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates of units that the base book does not price, for all periods of the matching models."""

    models: str
    rates: dict[str, Rate]
    source: str


class Multiple(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit documented as a multiple of another, wherever that one has a rate (variants too)."""

    models: str
    unit: str
    of: str
    factor: Decimal
    source: str


class PastRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates that held until a date on which the base book's rates began, unknown to it."""

    models: str
    until: date
    rates: dict[str, Rate]
    source: str


class EarlierVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a variant was first sold; the base book dates it by when it learnt of it.

    Never reaches back behind the last change of the model's standard rates.
    """

    models: str
    when: dict[str, str]
    since: date
    source: str


class DerivedVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variant documented as a factor on token rates, for periods the base book does not cover.

    Where the base book knows the variant for later, only the units named there are discounted.
    """

    models: str
    when: dict[str, str]
    factor: Decimal
    since: date
    source: str


class AddedUplift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A factor on token rates."""

    models: str
    name: str
    when: dict[str, tuple[str, ...]]
    factor: Decimal
    source: str
    since: date | None = None


class AddedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model the base book lacks; tried before the others."""

    model: str
    match: Match
    rates: dict[str, Rate]
    source: str


class Patch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: all about one provider. ``models`` is a regular expression for whole ids."""

    provider: str
    trusts_reported_cost: bool = False
    added_models: tuple[AddedModel, ...] = ()
    past_rates: tuple[PastRates, ...] = ()
    added_rates: tuple[AddedRates, ...] = ()
    earlier_variants: tuple[EarlierVariant, ...] = ()
    derived_variants: tuple[DerivedVariant, ...] = ()
    multiples: tuple[Multiple, ...] = ()
    uplifts: tuple[AddedUplift, ...] = ()


class Patches:
    """All patch files and the units, ready to be applied."""

    def __init__(self, units: list[Unit], patches: list[Patch]) -> None:
        self.units = units
        self._patches = {patch.provider: patch for patch in patches}

    def providers(self, base: Iterable[Provider]) -> list[Provider]:
        """The base book's providers with our marks, and those that only we know."""
        found = {provider.provider: provider for provider in base}
        for name, patch in self._patches.items():
            fallback = found[name].fallback if name in found else ()
            found[name] = Provider(name, fallback, patch.trusts_reported_cost)
        return list(found.values())

    def models(self, base: dict[str, list[Model]]) -> list[Model]:
        """The base book's models, patched."""
        merged = {name: base.get(name, []) for name in [*base, *self._patches]}
        tokens = frozenset(unit.unit for unit in self.units if unit.token)
        for name, patch in self._patches.items():
            merged[name] = _applied(patch, merged[name], tokens)
        return [model for models in merged.values() for model in models]


def load_patches(data: Path) -> Patches:
    """Read ``units.yaml`` and ``patches/*.yaml``; msgspec.ValidationError names a wrong field."""
    units = msgspec.convert(_yaml(data / "units.yaml"), list[Unit], strict=False)
    files = sorted((data / "patches").glob("*.yaml"))
    return Patches(units, [msgspec.convert(_yaml(file), Patch, strict=False) for file in files])


def plain(amount: Decimal) -> Decimal:
    """The same amount without exponent or trailing zeros, so that it is written one way only."""
    return Decimal(usd_text(amount))


def _yaml(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - a safe loader: scalars stay text


def _applied(patch: Patch, models: list[Model], tokens: frozenset[str]) -> list[Model]:
    added = [
        Model(patch.provider, new.model, new.match, (Period(new.rates, source=new.source),))
        for new in patch.added_models
    ]
    models = added + models
    for past in patch.past_rates:
        models = _each(models, past.models, lambda model, past=past: _with_past(model, past))
    for rates in patch.added_rates:
        models = _each(models, rates.models, lambda model, rates=rates: _with_rates(model, rates))
    for earlier in patch.earlier_variants:
        models = _each(models, earlier.models, lambda model, e=earlier: _with_earlier(model, e))
    for derived in patch.derived_variants:
        models = _each(models, derived.models, lambda m, d=derived: _with_derived(m, d, tokens))
    for multiple in patch.multiples:
        models = _each(models, multiple.models, lambda model, m=multiple: _with_multiple(model, m))
    for uplift in patch.uplifts:
        models = _each(models, uplift.models, lambda model, u=uplift: _with_uplift(model, u))
    return models


def _each(models: list[Model], pattern: str, change: Callable[[Model], Model]) -> list[Model]:
    wanted = re.compile(pattern)
    changed = [change(m) if wanted.fullmatch(m.model) else m for m in models]
    if changed == models:
        raise ValueError(f"the patch for models {pattern!r} changes nothing: is it still needed?")
    return changed


def _with_past(model: Model, past: PastRates) -> Model:
    """Split the period that holds at the change: before it, the past rates lie over the others."""
    before = [p for p in model.periods if p.from_ is None or p.from_ < past.until]
    last = [p for p in model.periods if p.from_ is None or p.from_ <= past.until][-1]
    since = msgspec.structs.replace(last, from_=past.until)
    after = [p for p in model.periods if p.from_ is not None and p.from_ > past.until]
    periods = (*(_over(p, past.rates, past.source) for p in before), since, *after)
    return msgspec.structs.replace(model, periods=periods)


def _with_rates(model: Model, added: AddedRates) -> Model:
    periods = tuple(_over(period, added.rates, added.source) for period in model.periods)
    return msgspec.structs.replace(model, periods=periods)


def _over(part: _Rated, rates: dict[str, Rate], source: str) -> _Rated:
    """The same part of a model with some rates put over its own."""
    sources = {**part.sources, **dict.fromkeys(rates, source)}
    return msgspec.structs.replace(part, rates={**part.rates, **rates}, sources=sources)


def _with_earlier(model: Model, earlier: EarlierVariant) -> Model:
    last_change = max((p.from_ for p in model.periods if p.from_ is not None), default=None)
    since = max(earlier.since, last_change) if last_change else earlier.since
    variants = tuple(
        msgspec.structs.replace(variant, from_=since, source=earlier.source)
        if variant.when == earlier.when and variant.from_ is not None and variant.from_ > since
        else variant
        for variant in model.variants
    )
    return msgspec.structs.replace(model, variants=variants)


def _with_derived(model: Model, derived: DerivedVariant, tokens: frozenset[str]) -> Model:
    """One variant per uncovered period, the latest first, since the first active one counts."""
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
    uplift = Uplift(added.name, added.when, added.factor, added.source, from_=added.since)
    return msgspec.structs.replace(model, uplifts=(*model.uplifts, uplift))
