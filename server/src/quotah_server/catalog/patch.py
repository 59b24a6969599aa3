"""What we know beyond genai-prices: the form of ``data/patches/*.yaml``, read when the book is built.

Every entry names a public source. Amounts are read as text and become Decimals; YAML's own numbers
would be floats. ``models`` is a regular expression for whole ids of models in the base book (or
added above). Days are whole UTC days; ``until`` is exclusive; ``from_at`` and ``until_at`` give the
UTC time on them, else midnight. The edge of a tier is data: ``{base: "2", above: {199999: "4"}}`` is
$4 for a request of more than 199,999 tokens, which is how an inclusive 200k is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import yaml

from quotah_server.catalog.book import Calendar, Match, Provider, Rate, Unit, Weekly
from quotah_server.catalog.history import Correction


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
             rename={"from_": "from", "except_": "except"}):  # fmt: skip
    """Anything that has a public source."""

    source: str


class _Dated(_Entry, frozen=True, kw_only=True):
    """Anything that holds for a time."""

    from_: date | None = None
    until: date | None = None
    from_at: str | None = None
    until_at: str | None = None


class AddedRates(_Entry, frozen=True, kw_only=True):
    """Rates of units that the base book does not price, for all periods of the matching models."""

    models: str
    rates: dict[str, Rate]


class Multiple(_Entry, frozen=True, kw_only=True):
    """A unit documented as a multiple of another, wherever that one has a rate (variants too)."""

    models: str
    unit: str
    of: str
    factor: Decimal


class PastRates(_Dated, frozen=True, kw_only=True):
    """Rates that held until a day (from another one, or ever before), unknown to the base book.

    Units they do not name keep the rate that the base book has for those days.
    """

    models: str
    rates: dict[str, Rate]


class ReplacedRates(_Dated, frozen=True, kw_only=True):
    """A dated correction where the base book is wrong or stale. Units not named keep their rate."""

    models: str
    rates: dict[str, Rate]


class Schedule(_Dated, frozen=True, kw_only=True):
    """Rates of certain days and hours: peak, off-peak.

    days: 0 = Monday … 6 = Sunday (UTC), all if absent. except_: a calendar whose days are left out.
    windows: UTC, end exclusive (``["16:30", "00:30"]`` ends on the day after, and belongs to the day
    on which it begins); absent: the whole day. Exactly one of ``rates`` (over the standing ones) and
    ``factor`` (on the standing token rates). The base book's own windows of these models give way;
    where two schedules hold, the later entry counts.
    """

    models: str
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    except_: str | None = None
    windows: tuple[tuple[str, str], ...] = ()
    rates: dict[str, Rate] | None = None
    factor: Decimal | None = None

    @property
    def weekly(self) -> Weekly | None:
        """The days as the book writes them; None: every day."""
        found = Weekly(self.days, self.except_)
        return None if found == Weekly() else found


class EarlierVariant(_Entry, frozen=True, kw_only=True):
    """When a variant was first sold; the base book dates it by when it learnt of it.

    Never reaches back behind the last change of the model's standard rates.
    """

    models: str
    when: dict[str, str]
    since: date


class DerivedVariant(_Entry, frozen=True, kw_only=True):
    """A variant documented as a factor on token rates, for periods the base book does not cover.

    Where the base book knows the variant for later, only the units named there are discounted.
    """

    models: str
    when: dict[str, str]
    factor: Decimal
    since: date


class AddedVariant(_Entry, frozen=True, kw_only=True,
                   rename={"from_": "from", "except_": "except"}):  # fmt: skip
    """Rates of calls made in another way, documented as amounts; put before the base book's."""

    models: str
    when: dict[str, str]
    rates: dict[str, Rate]
    from_: date | None = None
    until: date | None = None


class AddedUplift(_Entry, frozen=True, kw_only=True):
    """A factor on token rates. when: see ``book.Uplift``."""

    models: str
    name: str
    when: dict[str, tuple[str, ...]]
    factor: Decimal
    since: date | None = None
    until: date | None = None


class Minimum(_Entry, frozen=True, kw_only=True):
    """The least that is billed per request. units: unit → count."""

    models: str
    units: dict[str, int]


class DatedRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
                 rename={"from_": "from"}):  # fmt: skip
    """One of the periods of an added model; without ``from`` it reaches back for ever."""

    rates: dict[str, Rate]
    from_: date | None = None
    from_at: str | None = None
    source: str | None = None


class AddedModel(_Entry, frozen=True, kw_only=True):
    """A model the base book lacks (``added_models``: tried before the others), or one that is sold no
    more (``past_models``: tried after them).

    Either ``rates`` (always the same) or ``periods`` in the order of their days. replaces: the base
    book has a model of this id, and it is wrong as a whole: its prices, variants included, give way,
    its place stays; ``match`` may then be left out and stays, too.
    """

    model: str
    match: Match | None = None
    rates: dict[str, Rate] | None = None
    periods: tuple[DatedRates, ...] = ()
    replaces: bool = False


class Alias(_Entry, frozen=True, kw_only=True):
    """Ids that by the provider's own rule mean another model for ever: ``equals``, ``starts_with``."""

    of: str
    equals: tuple[str, ...] = ()
    starts_with: tuple[str, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
           rename={"from_": "from"}):  # fmt: skip
    """From a day on an alias means another model; the first one may leave the day out."""

    of: str
    from_: date | None = None


class MovedAlias(_Entry, frozen=True, kw_only=True):
    """An id that means one model after another (``…-latest``), each from a day on.

    It is priced as the model it means on the day; if the base book has a model of this id, that one
    gives way. match: the ids, if not just ``model``.
    """

    model: str
    moves: tuple[Move, ...]
    match: Match | None = None


class Patch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: all about one provider. Entries are applied in the order of these fields.

    fallback: providers whose models it resells at their price, tried in order after its own; replaces
    the base book's list. trusts_reported_cost: the amount named in its answers is what it bills.
    """

    provider: str
    trusts_reported_cost: bool = False
    fallback: tuple[str, ...] | None = None
    added_models: tuple[AddedModel, ...] = ()
    past_models: tuple[AddedModel, ...] = ()
    aliases: tuple[Alias, ...] = ()
    replaced_rates: tuple[ReplacedRates, ...] = ()
    past_rates: tuple[PastRates, ...] = ()
    added_rates: tuple[AddedRates, ...] = ()
    added_variants: tuple[AddedVariant, ...] = ()
    earlier_variants: tuple[EarlierVariant, ...] = ()
    derived_variants: tuple[DerivedVariant, ...] = ()
    multiples: tuple[Multiple, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    uplifts: tuple[AddedUplift, ...] = ()
    minimums: tuple[Minimum, ...] = ()
    moved_aliases: tuple[MovedAlias, ...] = ()


class Patches(msgspec.Struct, frozen=True):
    """All that people wrote: ``units.yaml``, ``calendars.yaml``, ``patches/*.yaml``."""

    units: tuple[Unit, ...]
    calendars: tuple[Calendar, ...]
    patches: tuple[Patch, ...]

    def providers(self, base: Iterable[Provider]) -> list[Provider]:
        """The base book's providers with our marks, and those that only we know."""
        found = {provider.provider: provider for provider in base}
        for patch in self.patches:
            known = found.get(patch.provider, Provider(patch.provider))
            fallback = known.fallback if patch.fallback is None else patch.fallback
            found[patch.provider] = Provider(patch.provider, fallback, patch.trusts_reported_cost)
        return list(found.values())


def load_patches(data: Path) -> Patches:
    """Read what people wrote; msgspec.ValidationError names a wrong field."""
    units = msgspec.convert(_yaml(data / "units.yaml"), tuple[Unit, ...], strict=False)
    file = data / "calendars.yaml"
    days = msgspec.convert(_yaml(file) if file.exists() else [], tuple[Calendar, ...], strict=False)
    files = sorted((data / "patches").glob("*.yaml"))
    patches = tuple(msgspec.convert(_yaml(file), Patch, strict=False) for file in files)
    if len({patch.provider for patch in patches}) < len(patches):
        raise ValueError("one provider is patched by two files")
    return Patches(units, days, patches)


def load_corrections(data: Path) -> tuple[Correction, ...]:
    """Read ``corrections.yaml``: why the past is told otherwise than it was."""
    entries = _yaml(data / "corrections.yaml") or []
    return msgspec.convert(entries, tuple[Correction, ...], strict=False)


def _yaml(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - a safe loader: scalars stay text
