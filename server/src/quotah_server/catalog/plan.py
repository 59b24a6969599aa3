"""From a book to the rates of one kind of call: model, day, tier and the like, worked out once.

A plan is what pricing multiplies with. Working it out follows every rule of the book (periods,
variants, uplifts, units billed as part of another); using it is a look-up. Hence the speed.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from quotah_server.catalog.book import (
    Book,
    Model,
    Period,
    Rate,
    Tiered,
    Unit,
    Uplift,
    Variant,
)
from quotah_server.catalog.ids import why_hidden
from quotah_server.catalog.match import resolve
from quotah_server.catalog.terms import Override
from quotah_server.domain.money import product

STANDARD = frozenset({"default", "standard", "auto", "on_demand", "global", "not_available"})
"""Values of a call's way that ask for nothing but the standard rates."""
WAYS = ("service_tier", "processing", "speed")
"""Ways that a variant of the model must name: an unknown tier is never billed as standard."""
DETAILS = ("search_context_size", "quality", "size")
"""Ways that a variant may name; where none does, they change no rate. Where one does, a call that
does not tell is priced at the standard rates, which are those of the API's default, and the rule says
so; a value that no variant names has no price.
"""
_SHOWN = 40
"""Letters of a value that a reason cites."""


class Way(msgspec.Struct, frozen=True, eq=True):
    """How a call was made, as far as rates depend on it. Values are lower-case; None = not told.

    deployment_type: without blanks, dashes and underscores (``datazonestandard``).
    """

    service_tier: str | None = None
    processing: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    region: str | None = None
    host: str | None = None
    deployment_type: str | None = None
    search_context_size: str | None = None
    quality: str | None = None
    size: str | None = None


class Charge(msgspec.Struct, frozen=True):
    """The rate of one unit: ``rate_usd`` per ``per``; ``above`` in rising order of total input."""

    rate_usd: Decimal
    per: int
    rule: str
    above: tuple[tuple[int, Decimal], ...] = ()


class Plan(msgspec.Struct):
    """Rates by unit, or the reason why there are none.

    per_request: ``request`` is charged once a call. minimum: unit → the least billed per request.
    whose: the override whose rates these are; "": the book's.
    """

    charges: dict[str, Charge]
    reason: str = ""
    tiered: bool = False
    per_request: bool = False
    minimum: dict[str, int] = {}
    whose: str = ""


class Day(msgspec.Struct):
    """The plans of one UTC day: each holds from its second of the day on."""

    starts: tuple[tuple[int, Plan], ...]

    def at(self, moment: datetime) -> Plan:
        """The plan that holds at an instant of this day."""
        if len(self.starts) == 1:
            return self.starts[0][1]
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        return next(plan for start, plan in reversed(self.starts) if start <= second)


def day_of(book: Book, provider: str, model_id: str, way: Way, day: date) -> Day:
    """Work out the plans of a model for a day."""
    model = resolve(book, provider, model_id)
    if model is None:
        unknown = f"no price known for model {model_id[:100]!r} of {provider[:40]}"
        return Day(((0, Plan({}, why_hidden(model_id) or unknown)),))
    if model.provider != provider:
        # A reseller's regions and hosts are not those that the vendor charges for.
        way = msgspec.structs.replace(way, region=None, host=None)
    starts = sorted({0, *(seconds(edge) for period in model.periods for edge in _edges(period))})
    plans = [(start, plan_at(book, model, way, day, start)) for start in starts]
    return Day(tuple(plans))


def plan_at(book: Book, model: Model, way: Way, day: date, second: int) -> Plan:
    """The plan of a model that holds at a second of a UTC day."""
    period = period_at(book, model, day, second)
    if period is None:
        return Plan({}, f"no price known for {model.model} as early as {day.isoformat()}")
    chosen: dict[str, tuple[Rate, str]] = {
        unit: (rate, f"{model.provider}/{model.model} ({period.sources.get(unit, period.source)})")
        for unit, rate in period.rates.items()
    }
    missing = _apply_variants(model, way, day, chosen)
    if missing is not None and missing.startswith("provisioned"):
        return Plan(
            {}, "provisioned throughput is billed by the hour: set a price for this deployment"
        )
    if missing is not None:
        return Plan({}, f"no {missing[:_SHOWN]} rate known for {model.model} on {day.isoformat()}")
    uplifts = [uplift for uplift in model.uplifts if _asks_for(uplift, way, day)]
    charges = {
        unit.unit: _charge(unit, rate, rule, uplifts if unit.token else [])
        for unit in book.units.values()
        for rate, rule in _found(book, unit, chosen)
    }
    return Plan(
        charges,
        tiered=any(charge.above for charge in charges.values()),
        per_request="request" in charges,
        minimum=model.minimum,
    )


def _edges(period: Period) -> tuple[str, ...]:
    """The times of a day at which a period may begin or end."""
    clocks = (period.from_at, period.until_at, *(period.daily or ()))
    return tuple(clock for clock in clocks if clock is not None)


def seconds(clock: str) -> int:
    """``16:30`` or ``16:30:00`` → seconds since midnight."""
    moment = time.fromisoformat(clock)
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def period_at(book: Book, model: Model, day: date, second: int) -> Period | None:
    """The last period that holds at a second of a UTC day; None before the first one begins."""
    return next((p for p in reversed(model.periods) if _holds(book, p, day, second)), None)


def _holds(book: Book, period: Period, day: date, second: int) -> bool:
    now = (day, second)
    if period.from_ is not None and now < (period.from_, _clock(period.from_at)):
        return False
    if period.until is not None and now >= (period.until, _clock(period.until_at)):
        return False
    if period.daily is not None:
        start, end = (seconds(edge) for edge in period.daily)
        if end < start and second < end and day > date.min:
            day -= timedelta(days=1)  # still the window that began the day before
        elif second < start or start <= end <= second:
            return False
    if period.weekly is None:
        return True
    left_out = book.calendars.get(period.weekly.except_ or "", frozenset())
    return day.weekday() in period.weekly.days and day not in left_out


def _clock(clock: str | None) -> int:
    return 0 if clock is None else seconds(clock)


def _apply_variants(
    model: Model, way: Way, day: date, chosen: dict[str, tuple[Rate, str]]
) -> str | None:
    """Put the variants' rates over the standard ones; names the part of the way that none knows."""
    context = {
        key: value
        for key in WAYS
        if (value := getattr(way, key)) is not None and value not in STANDARD
    }
    asked = {**context, **{key: value for key in DETAILS if (value := getattr(way, key))}}
    taken: dict[str, tuple[Rate, str]] = {}
    known: set[str] = set()
    met: list[dict[str, str]] = []
    for variant in model.variants:
        if not _within(variant, day):
            continue
        if variant.when in met or any(asked.get(k) != v for k, v in variant.when.items()):
            continue
        met.append(variant.when)
        known.update(variant.when)
        mark = "+".join(variant.when.values())
        for unit, rate in variant.rates.items():
            source = variant.sources.get(unit, variant.source)
            taken.setdefault(unit, (rate, f"{model.provider}/{model.model}#{mark} ({source})"))
    chosen.update(taken)
    unknown = next((context[key] for key in context if key not in known), None)
    return unknown or _untold(model, way, day, chosen)


def _untold(model: Model, way: Way, day: date, chosen: dict[str, tuple[Rate, str]]) -> str | None:
    """Say in the rules which details were left to the API's default; names one that nobody knows."""
    assumed: dict[str, list[str]] = {}
    for key in DETAILS:
        naming = [v for v in model.variants if key in v.when and _within(v, day)]
        value = getattr(way, key)
        if value is None:
            for unit in {unit for variant in naming for unit in variant.rates}:
                assumed.setdefault(unit, []).append(key)
        elif naming and all(variant.when[key] != value for variant in naming):
            return f"{key}={value}"
    for unit, keys in assumed.items():
        if unit in chosen:
            rate, rule = chosen[unit]
            chosen[unit] = (rate, f"{rule}, default {' and '.join(keys)}")
    return None


def _asks_for(uplift: Uplift, way: Way, day: date) -> bool:
    if not _within(uplift, day):
        return False
    told = ((getattr(way, key, None), values) for key, values in uplift.when.items())
    return any(
        value in values or ("*" in values and value is not None and value not in STANDARD)
        for value, values in told
    )


def _within(part: Variant | Uplift, day: date) -> bool:
    begun = part.from_ is None or day >= part.from_
    return begun and (part.until is None or day < part.until)


def _found(book: Book, unit: Unit, chosen: dict[str, tuple[Rate, str]]) -> list[tuple[Rate, str]]:
    """The unit's own rate, or that of the unit it is billed as part of; none, one entry at most."""
    step: Unit | None = unit
    while step is not None:
        if step.unit in chosen:
            rate, rule = chosen[step.unit]
            return [(rate, rule if step is unit else f"{rule} as {step.unit}")]
        step = book.units.get(step.part_of) if step.part_of else None
    return []


def _charge(unit: Unit, rate: Rate, rule: str, uplifts: list[Uplift]) -> Charge:
    def lift(amount: Decimal) -> Decimal:
        for uplift in uplifts:
            amount = product(amount, uplift.factor)
        return amount

    marks = "".join(f" ×{uplift.factor} {uplift.name}" for uplift in uplifts)
    if isinstance(rate, Tiered):
        above = tuple((start, lift(amount)) for start, amount in sorted(rate.above.items()))
        return Charge(lift(rate.base), unit.per, rule + marks, above)
    return Charge(lift(rate), unit.per, rule + marks)


def own_plan(book: Book, override: Override) -> Plan:
    """The plan of a workspace's own rates: they replace all rates of the book, for any call."""
    rule = override_name(override)
    chosen: dict[str, tuple[Rate, str]] = {u: (r, rule) for u, r in (override.rates or {}).items()}
    charges = {
        unit.unit: _charge(unit, rate, told, [])
        for unit in book.units.values()
        for rate, told in _found(book, unit, chosen)
    }
    return Plan(charges, per_request="request" in charges, whose=rule)


def with_factor(day: Day, override: Override) -> Day:
    """The plans of a day with a workspace's factor on every rate."""
    return Day(tuple((start, _times(plan, override)) for start, plan in day.starts))


def _times(plan: Plan, override: Override) -> Plan:
    factor = override.factor
    if factor is None or plan.reason:
        return plan
    charges = {
        unit: Charge(
            product(charge.rate_usd, factor),
            charge.per,
            charge.rule + factor_mark(override),
            tuple((start, product(rate, factor)) for start, rate in charge.above),
        )
        for unit, charge in plan.charges.items()
    }
    return msgspec.structs.replace(plan, charges=charges)


def override_name(override: Override) -> str:
    """How a line item cites an override."""
    return f"override {override.override_id}"


def factor_mark(override: Override) -> str:
    """How a line item cites an override's factor, behind what it is on."""
    return f" ×{override.factor} {override_name(override)}"
