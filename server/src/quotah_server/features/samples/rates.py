"""What the sample models cost, from the price book, as whole pico-dollars per token and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.domain import usage as units
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.money import PICO_PER_USD
from quotah_server.domain.usage import NOT_BILLED, Usage
from quotah_server.features.samples.cast import Model
from quotah_server.features.samples.plan import SeedPlan

_DAY = timedelta(days=1)
_UNITS = {
    "openai": (units.INPUT, units.CACHE_READ, units.OUTPUT, units.REASONING),
    "anthropic": (units.INPUT, units.CACHE_READ, units.CACHE_WRITE_5M, units.OUTPUT),
}


class Rates(NamedTuple):
    """Pico-dollars per token on a UTC day (days since 1970); 0 where the unit never occurs."""

    model: int
    day: int
    input: int
    cache_read: int
    cache_write_5m: int
    output: int
    reasoning: int


def rates(book: Book, plan: SeedPlan, models: Iterable[Model]) -> Iterator[Rates]:
    """Look every model up for every day that the plan touches.

    Raises InvalidInputError where the book has no price, or one finer than a pico-dollar per token.
    """
    first = datetime.fromtimestamp(plan.start_ms // 1000, UTC).replace(hour=0, minute=0, second=0)
    for number, model in enumerate(models):
        day = first
        while day <= plan.end:
            yield _rates(book, number, model, day)
            day += _DAY


def reasons(book: Book, at: datetime) -> dict[str, str]:
    """What the catalogue says of costs that are estimated, not billed, or unknown."""
    usages = {
        "estimated_reason": Usage({units.INPUT: 1}, estimated=True),
        "refused_reason": Usage(missing=True, flags=(NOT_BILLED,)),
        "unpriced_reason": Usage(missing=True),
    }
    return {
        name: price(book, provider="openai", model="gpt-4o", usage=usage, at=at).reason
        for name, usage in usages.items()
    }


def _rates(book: Book, number: int, model: Model, day: datetime) -> Rates:
    asked = (units.INPUT,) if model.token_us == 0 else _UNITS[model.provider]
    found = price(
        book,
        provider=model.provider,
        model=model.name,
        usage=Usage(dict.fromkeys(asked, 1)),
        at=day,
    )
    if found.cost_usd is None:
        raise InvalidInputError(
            f"the price book has no price of {model.name} on {day:%Y-%m-%d}: {found.reason}",
            field="end",
        )
    by_unit: dict[str, int] = {}
    for item in found.items:
        pico, rest = divmod(item.rate_usd * PICO_PER_USD, item.per)
        if rest:
            raise InvalidInputError(f"{model.name}: {item.unit} costs a fraction of a pico-dollar")
        by_unit[item.unit] = int(pico)
    return Rates(
        number,
        (day - datetime(1970, 1, 1, tzinfo=UTC)).days,
        *(
            by_unit.get(unit, 0)
            for unit in (
                units.INPUT, units.CACHE_READ, units.CACHE_WRITE_5M, units.OUTPUT, units.REASONING,
            )
        ),
    )  # fmt: skip
