"""The book as people read it: models with the rates that hold now, and all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time

from quotah_server.catalog.book import Book, Model, Period, Rate, Tiered, Variant
from quotah_server.catalog.overrides import override_for, touched
from quotah_server.catalog.plan import period_at, seconds
from quotah_server.catalog.terms import Override
from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.money import product, usd_text
from quotah_server.features.prices import wording
from quotah_server.features.prices.index import index_of
from quotah_server.features.prices.schemas import (
    BookModel,
    BookModelPage,
    BookOut,
    BookUnit,
    MinimumOut,
    ModelOut,
    OverrideOut,
    PeriodOut,
    RateOut,
    Step,
    UpliftOut,
    VariantOut,
)
from quotah_server.http.pagination import decode_cursor, encode_cursor

_REACH = ("reach of overrides",)


def book_out(book: Book) -> BookOut:
    """The book in force, without its models."""
    index = index_of(book)
    return BookOut(
        version=book.version,
        list_version=book.base.version,
        sources=book.sources,
        models=len(index.entries),
        providers=sorted(book.providers),
        units=[
            BookUnit(unit=unit.unit, name=unit.name, per=unit.per, token=unit.token)
            for unit in book.units.values()
        ],
    )


def page(
    book: Book,
    *,
    search: str,
    provider: str | None,
    cursor: str | None,
    limit: int,
    now: datetime,
) -> BookModelPage:
    """Models that hold every word of a search in their name or one of their ids."""
    place = decode_cursor(cursor, 2) if cursor else None
    after = (place[0], place[1]) if place else None
    found = index_of(book).page(search, provider, after, limit + 1)
    shown, more = found[:limit], len(found) > limit
    return BookModelPage(
        items=[_now(book, entry.model, now) for entry in shown],
        next_cursor=encode_cursor(*shown[-1].place) if more else None,
    )


def detail(book: Book, provider: str, name: str, overrides: Mapping[str, OverrideOut]) -> ModelOut:
    """All that is known of a model. overrides: by internal id; those that reach the model are shown.

    Raises NotFoundError.
    """
    model = index_of(book).find(provider, name)
    if model is None:
        raise NotFoundError("There is no such model in the price book.")
    reaching = _reaching(book, model)
    return ModelOut(
        provider=model.provider,
        model=model.model,
        matches=wording.matches(model.match),
        periods=_periods(book, model),
        variants=[
            VariantOut(
                when=variant.when, from_=midnight(variant.from_), until=midnight(variant.until),
                source=variant.source, rates=_rates(book, variant),
            )
            for variant in model.variants
        ],
        uplifts=[
            UpliftOut(
                name=uplift.name, when={key: list(values) for key, values in uplift.when.items()},
                factor=usd_text(uplift.factor), source=uplift.source,
                from_=midnight(uplift.from_), until=midnight(uplift.until),
            )
            for uplift in model.uplifts
        ],
        minimums=[
            MinimumOut(unit=unit, name=_name(book, unit), quantity=quantity)
            for unit, quantity in model.minimum.items()
        ],
        overrides=[overrides[one.override_id] for one in reaching if one.override_id in overrides],
    )  # fmt: skip


def _reaching(book: Book, model: Model) -> tuple[Override, ...]:
    """The workspace's overrides that reach a model, at one time or another; worked out once a view."""
    found = book.resolved.get(_REACH)
    if not isinstance(found, _Reach):
        found = book.remember(_REACH, _Reach(book))
    return tuple(found.by_model.get((model.provider, model.model), ()))


class _Reach:
    def __init__(self, book: Book) -> None:
        self.by_model: dict[tuple[str, str], list[Override]] = {}
        for override in book.terms.overrides:
            for model in touched(book, override):
                self.by_model.setdefault((model.provider, model.model), []).append(override)


def _holds(override: Override, now: datetime) -> bool:
    begun = override.from_ is None or override.from_ <= now
    return begun and (override.until is None or now < override.until)


def _now(book: Book, model: Model, now: datetime) -> BookModel:
    """A model with what a plain call of it is charged now, in any project."""
    overridden = any(_holds(override, now) for override in _reaching(book, model))
    second = now.hour * 3600 + now.minute * 60 + now.second
    period = period_at(book, model, now.date(), second)
    override = None
    if overridden:
        override = override_for(
            book, provider=model.provider, model=model.model, deployment=None, project_id="", at=now
        )
    if override is not None:
        return BookModel(
            provider=model.provider, model=model.model, since=override.from_,
            source=f"override {override.override_id}", overridden=True,
            rates=_own_rates(book, override, period),
        )  # fmt: skip
    return BookModel(
        provider=model.provider,
        model=model.model,
        since=_instant(period.from_, period.from_at) if period else None,
        source=period.source if period else model.periods[0].source,
        overridden=overridden,
        rates=_rates(book, period) if period else [],
    )


def _own_rates(book: Book, override: Override, period: Period | None) -> list[RateOut]:
    source = f"override {override.override_id}"
    if override.rates is not None:
        return [_rate(book, unit, rate, source) for unit, rate in override.rates.items()]
    factor = override.factor
    if factor is None or period is None:
        return []
    lifted: dict[str, Rate] = {
        unit: Tiered(
            product(rate.base, factor), {n: product(r, factor) for n, r in rate.above.items()}
        )
        if isinstance(rate, Tiered)
        else product(rate, factor)
        for unit, rate in period.rates.items()
    }
    return [_rate(book, unit, rate, source) for unit, rate in lifted.items() if unit in book.units]


def _periods(book: Book, model: Model) -> list[PeriodOut]:
    """In the order of the book: of two that hold, the later one counts."""
    found: list[PeriodOut] = []
    for place, period in enumerate(model.periods):
        found.append(
            PeriodOut(
                from_=_instant(period.from_, period.from_at),
                until=_end(period, model.periods[place + 1 :]),
                schedule=wording.schedule(period),
                source=period.source,
                rates=_rates(book, period),
            )
        )
    return found


def _end(period: Period, later: Iterable[Period]) -> datetime | None:
    """When a period ends: by itself, or where one that counts before it begins and never pauses."""
    begins = [
        _instant(other.from_, other.from_at)
        for other in later
        if other.until is None
        and ((other.daily is None and other.weekly is None)
             or (other.daily, other.weekly) == (period.daily, period.weekly))
    ]  # fmt: skip
    ends = [_instant(period.until, period.until_at), *begins]
    return min((end for end in ends if end is not None), default=None)


def _rates(book: Book, part: Period | Variant) -> list[RateOut]:
    return [
        _rate(book, unit, rate, part.sources.get(unit, part.source))
        for unit, rate in part.rates.items()
        if unit in book.units
    ]


def _rate(book: Book, unit: str, rate: Rate, source: str) -> RateOut:
    tiers = sorted(rate.above.items()) if isinstance(rate, Tiered) else []
    return RateOut(
        unit=unit,
        name=_name(book, unit),
        rate_usd=usd_text(rate.base if isinstance(rate, Tiered) else rate),
        per=book.units[unit].per,
        above=[Step(tokens=tokens, rate_usd=usd_text(amount)) for tokens, amount in tiers],
        source=source,
    )


def _name(book: Book, unit: str) -> str:
    return book.units[unit].name if unit in book.units else unit


def midnight(day: date | None) -> datetime | None:
    """The instant at which a UTC day begins."""
    return _instant(day, None)


def _instant(day: date | None, clock: str | None) -> datetime | None:
    if day is None:
        return None
    minutes = seconds(clock) // 60 if clock else 0
    return datetime.combine(day, time(minutes // 60, minutes % 60), UTC)
