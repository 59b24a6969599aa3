"""Small price books, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from quotah_server.catalog.book import (
    Book,
    Calendar,
    Match,
    Model,
    Period,
    Provider,
    Rate,
    decode,
    load_packaged,
)
from quotah_server.catalog.price import price
from quotah_server.domain.event import Price
from quotah_server.domain.usage import Usage

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)


def rates(**amounts: str) -> dict[str, Rate]:
    return {unit: Decimal(amount) for unit, amount in amounts.items()}


def model(name: str, *periods: Period, provider: str = "acme", **more: Any) -> Model:
    return Model(provider, name, Match(equals=(name,)), periods, **more)


def book_of(
    *models: Model, calendars: tuple[Calendar, ...] = (), providers: tuple[Provider, ...] = ()
) -> Book:
    """A book of these models, with the units of the packaged one."""
    named = {provider.provider: provider for provider in providers}
    for made in models:
        named.setdefault(made.provider, Provider(made.provider))
    lines = [
        {"book": 1, "sources": {}},
        *load_packaged().units.values(),
        *calendars,
        *named.values(),
        *models,
    ]
    return decode(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def priced(
    book: Book, units: Mapping[str, int], at: datetime = NOON, name: str = "m", **more: Any
) -> Price:
    provider = more.pop("provider", "acme")
    usage = more.pop("usage", Usage(dict(units)))
    return price(book, provider=provider, model=name, usage=usage, at=at, **more)


def at(text: str) -> datetime:
    """``2026-11-12 04:00`` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
