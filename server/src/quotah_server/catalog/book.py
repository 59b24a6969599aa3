"""The price book: every rate we know, as data, with its dates, conditions and sources.

A book is JSON lines: one header, one line per unit, calendar, provider and model. The bytes are its identity:
``version`` is their hash, so that a stored event can cite the book that priced it and be explained
again later. Lines are decoded when a provider is first asked for, which keeps loading fast.
"""

from __future__ import annotations

import hashlib
import re
from copy import copy
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import TypeVar

import msgspec

from quotah_server.catalog import terms as terms_
from quotah_server.catalog.terms import LIST_PRICES, Terms

FORMAT = 1
BASE_SOURCE = "genai-prices"
_T = TypeVar("_T")
_MODEL_LINE = re.compile(rb'\{"provider":"([^"]+)","model":')
MAX_CACHED_PLANS = 8192
"""Resolved plans kept per book before the cache starts over; one plan is a few kB at most."""


class Tiered(msgspec.Struct, frozen=True):
    """A rate that changes with the size of the request.

    above: total input tokens → the rate for the whole request once the total is greater.
    """

    base: Decimal
    above: dict[int, Decimal]


Rate = Decimal | Tiered
"""Dollars per ``Unit.per`` of a unit."""


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is counted and billed.

    unit: our name. per: the count a rate is for. name: for people, plural. token: counted in
    tokens, so that uplifts on token rates reach it. part_of: the unit it is billed as where the
    model names no rate of its own; None: there is no such unit and the count stays unpriced.
    free_allowance: an account has some of it free; a call told to lie within is charged 0 for it.
    """

    unit: str
    per: int
    name: str
    token: bool = False
    part_of: str | None = None
    free_allowance: bool = False


class Calendar(msgspec.Struct, frozen=True):
    """Days that a ``Weekly`` rule leaves out. days: whole UTC days."""

    calendar: str
    days: tuple[date, ...]
    source: str


class Provider(msgspec.Struct, frozen=True, omit_defaults=True):
    """A vendor.

    fallback: vendors whose models it resells at their price, in order. trusts_reported_cost: the
    amount named in its answers is what it bills.
    """

    provider: str
    fallback: tuple[str, ...] = ()
    trusts_reported_cost: bool = False


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which model ids mean a model: any of these clauses; ``all``: parts that hold together."""

    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()
    ends_with: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    all: tuple[Match, ...] = ()


class Weekly(msgspec.Struct, frozen=True, omit_defaults=True, rename={"except_": "except"}):
    """Days of the week, 0 = Monday … 6 = Sunday, in UTC. except_: a calendar whose days are left out."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    except_: str | None = None


class Period(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """Rates that hold where all its conditions do; of several periods, the last that holds wins.

    from_, until: UTC days, ``until`` exclusive; ``from_at``, ``until_at``: the UTC time on that day
    (``16:00``), else midnight. daily: a UTC window, its end exclusive (``["16:30", "00:30"]`` ends on
    the day after). weekly: the days on which such a window, or else the day itself, begins. sources:
    units whose rate comes from elsewhere than the rest. A period without ``from_`` reaches back for
    ever; when none holds, the model was not sold yet and has no price.
    """

    rates: dict[str, Rate]
    from_: date | None = None
    until: date | None = None
    from_at: str | None = None
    until_at: str | None = None
    daily: tuple[str, str] | None = None
    weekly: Weekly | None = None
    source: str = BASE_SOURCE
    sources: dict[str, str] = {}


class Variant(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """Other rates for calls made in another way (``{"service_tier": "flex"}``).

    Of several with the same ``when``, the first one that holds counts; units it does not name keep
    the standard rate. from_, until: UTC days, ``until`` exclusive.
    """

    when: dict[str, str]
    rates: dict[str, Rate]
    from_: date | None = None
    until: date | None = None
    source: str = BASE_SOURCE
    sources: dict[str, str] = {}


class Uplift(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """A factor on every token rate.

    when: ``host``, ``region``, ``inference_geo`` or ``deployment_type`` → values in lower case, any of
    which asks for it; ``*`` is every value that is told, but for the standard ones (``global``).
    from_, until: UTC days, ``until`` exclusive.
    """

    name: str
    when: dict[str, tuple[str, ...]]
    factor: Decimal
    source: str
    from_: date | None = None
    until: date | None = None


class Model(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model and all its prices, past and present. minimum: unit → the least billed per request."""

    provider: str
    model: str
    match: Match
    periods: tuple[Period, ...]
    variants: tuple[Variant, ...] = ()
    uplifts: tuple[Uplift, ...] = ()
    minimum: dict[str, int] = {}


class _Header(msgspec.Struct, frozen=True, rename={"format_": "book"}):
    format_: int
    sources: dict[str, str]


_HEADER = msgspec.json.Decoder(_Header)
_UNIT = msgspec.json.Decoder(Unit)
_CALENDAR = msgspec.json.Decoder(Calendar)
_PROVIDER = msgspec.json.Decoder(Provider)
_MODEL = msgspec.json.Decoder(Model)


class Book:
    """An immutable price book. Build it with ``decode`` or ``load_packaged``."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.version = hashlib.blake2b(data, digest_size=6).hexdigest()
        self.units: dict[str, Unit] = {}
        self.calendars: dict[str, frozenset[date]] = {}
        self.providers: dict[str, Provider] = {}
        self._lines: dict[str, list[bytes]] = {}
        self._models: dict[str, tuple[Model, ...]] = {}
        self.resolved: dict[tuple[object, ...], object] = {}
        """What others worked out of this book; a cache, never part of it."""
        self.base: Book = self
        """The book without terms: itself, unless it came from ``under``."""
        self.terms: Terms = LIST_PRICES
        header, *lines = data.splitlines()
        self.sources = _HEADER.decode(header).sources
        for line in lines:
            if line.startswith(b'{"unit":'):
                unit = _UNIT.decode(line)
                self.units[unit.unit] = unit
            elif model_line := _MODEL_LINE.match(line):
                self._lines.setdefault(model_line.group(1).decode(), []).append(line)
            elif line.startswith(b'{"calendar":'):
                calendar = _CALENDAR.decode(line)
                self.calendars[calendar.calendar] = frozenset(calendar.days)
            else:
                provider = _PROVIDER.decode(line)
                self.providers[provider.provider] = provider

    def under(self, terms: Terms) -> Book:
        """This book with a workspace's terms; itself for no terms. Costs next to nothing."""
        if terms == LIST_PRICES:
            return self.base
        view = copy(self.base)
        view.terms = terms
        view.resolved = {}
        told = self.base.version.encode() + terms_.encode(terms)
        view.version = hashlib.blake2b(told, digest_size=6).hexdigest()
        return view

    @property
    def data(self) -> bytes:
        """The book as stored: JSON lines."""
        return self._data

    def models(self, provider: str) -> tuple[Model, ...]:
        """The models of a provider in the order they are tried; empty for an unknown one."""
        found = self._models.get(provider)
        if found is None:
            found = tuple(_MODEL.decode(line) for line in self._lines.get(provider, ()))
            self._models[provider] = found
        return found

    def remember(self, key: tuple[object, ...], value: _T) -> _T:
        """Keep a resolved value; starts over when the cache is full."""
        if len(self.resolved) >= MAX_CACHED_PLANS:
            self.resolved.clear()
        self.resolved[key] = value
        return value


def encode(book: Book) -> bytes:
    """Book → bytes, to be stored under its version."""
    return book.data


def decode(data: bytes) -> Book:
    """Bytes → book. Raises msgspec.DecodeError or ValidationError on anything else."""
    book = Book(data)
    for provider in book.providers:
        book.models(provider)
    return book


@lru_cache(maxsize=1)
def load_packaged() -> Book:
    """The book that ships with this version."""
    return Book(resources.files("quotah_server.catalog").joinpath("data/book.jsonl").read_bytes())
