"""Compiles the price book: genai-prices plus our own dated patches → ``data/book.jsonl``.

    python -m quotah_server.catalog.build           writes the book
    python -m quotah_server.catalog.build --check   exit status 1 when the committed book differs, or
                                                    prices a frozen day otherwise than it did
    python -m quotah_server.catalog.build --freeze  freezes all days up to yesterday (UTC)
    python -m quotah_server.catalog.build --out FILE [--from FILE --as-of DATE] [--unpatched]
                                                    another book: of genai-prices' published data,
                                                    without our patches

The only module that knows genai-prices; servers run it as a child process. Same inputs, same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec
from genai_prices import types as genai
from genai_prices.data import providers as genai_providers

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import (
    BASE_SOURCE,
    FORMAT,
    Match,
    Model,
    Period,
    Provider,
    Rate,
    Tiered,
    Variant,
    decode,
)
from quotah_server.catalog.genai import UNITS
from quotah_server.catalog.history import differences, freeze, through
from quotah_server.catalog.overtaken import still_needed
from quotah_server.catalog.patch import Patches, load_corrections, load_patches
from quotah_server.catalog.patching import patched, plain

DATA = Path(__file__).parent / "data"
BOOK = DATA / "book.jsonl"
HISTORY = DATA / "history.jsonl"
MAX_DIFFERENCES = 20
"""Past prices that are told otherwise, and shown."""
AS_OF = {"0.2.3": "2026-11-10"}
"""Release of genai-prices → the day on which its prices were last looked at. A release that is not
listed stops the build: of two books, the later one counts."""


def build() -> bytes:
    """Compile the book that ships. Raises KeyError for a rate, TypeError for a rule that we do not know,
    ValueError for a patch that the base book has overtaken."""
    release = version("genai-prices")
    return _compiled(genai_providers, release, AS_OF[release], load_patches(DATA))


def build_from(data: bytes, as_of: str) -> bytes:
    """Compile a book of genai-prices' published data (its ``data.json``); our patches that it has
    overtaken are left out. as_of: the day it was fetched, ISO. Raises as ``build``, and ValueError for
    anything else than such data."""
    base = _read(data)
    patches = load_patches(DATA)
    return _compiled(base, "published data", as_of, still_needed(patches, _models(base)))


def build_unpatched(data: bytes | None = None, as_of: str = "") -> bytes:
    """The same without our patches, to tell what they change; of the release's own data where none
    is given."""
    patches = msgspec.structs.replace(load_patches(DATA), patches=())
    if data is not None:
        return _compiled(_read(data), "published data", as_of, patches)
    release = version("genai-prices")
    return _compiled(genai_providers, release, AS_OF[release], patches)


def _compiled(base: Sequence[genai.Provider], release: str, as_of: str, patches: Patches) -> bytes:
    lines: list[object] = [
        {"book": FORMAT, "sources": {BASE_SOURCE: release, "as of": as_of}},
        *patches.units,
        *patches.calendars,
        *patches.providers([_provider(source) for source in base]),
        *patched(patches, _models(base)),
    ]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _models(base: Sequence[genai.Provider]) -> dict[str, list[Model]]:
    return {
        canonical(source.id): [_model(canonical(source.id), model) for model in source.models]
        for source in base
    }


def _read(data: bytes) -> list[genai.Provider]:
    found = json.loads(data, parse_float=Decimal)
    if not isinstance(found, list):
        raise ValueError("the data is not a list of providers")  # noqa: TRY004 -- of data, not of code
    # What genai-prices' own updater calls; the release is pinned.
    return genai._providers_from_raw(found)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _provider(source: genai.Provider) -> Provider:
    fallback = tuple(canonical(name) for name in source.fallback_model_providers or ())
    return Provider(canonical(source.id), fallback)


def _model(provider: str, source: genai.ModelInfo) -> Model:
    prices = source.prices
    if isinstance(prices, genai.ModelPrice):
        periods = (Period(_rates(prices)),)
    else:
        periods = tuple(_period(entry) for entry in prices)
    variants = tuple(_variant(entry) for entry in source.price_variants or ())
    return Model(provider, source.id, _named(source, _match(source.match)), periods, variants)


def _named(source: genai.ModelInfo, match: Match) -> Match:
    """A model answers to its own id, where the base book's matcher agrees."""
    name = source.id.lower()
    if name in match.equals or not source.is_match(name):
        return match
    return msgspec.structs.replace(match, equals=(name, *match.equals))


def _period(entry: genai.ConditionalPrice) -> Period:
    rule = entry.constraint
    if isinstance(rule, genai.TimeOfDateConstraint):
        daily = (rule.start_time.isoformat(), rule.end_time.isoformat())
        return Period(_rates(entry.prices), daily=daily)
    return Period(_rates(entry.prices), from_=_start(rule))


def _variant(entry: genai.PriceVariant) -> Variant:
    return Variant(dict(entry.when), _rates(entry.prices), from_=_start(entry.constraint))


def _start(rule: object) -> date | None:
    if rule is None:
        return None
    if isinstance(rule, genai.StartDateConstraint):
        return rule.start_date
    raise TypeError(f"a rule of genai-prices that the book cannot hold: {rule!r}")


def _rates(prices: genai.ModelPrice) -> dict[str, Rate]:
    named = {key: value for key, value in vars(prices).items() if value is not None}
    return {UNITS[key]: _rate(named[key]) for key in sorted(named, key=list(UNITS).index)}


def _rate(value: object) -> Rate:
    if isinstance(value, genai.TieredPrices):
        return Tiered(plain(value.base), {tier.start: plain(tier.price) for tier in value.tiers})
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"a rate of genai-prices that the book cannot hold: {value!r}")


def _match(clause: object) -> Match:
    """Flatten nested alternatives: a Match is any of its clauses already."""
    parts: dict[str, list[str]] = {}
    conjunction: tuple[Match, ...] = ()
    for leaf in _alternatives(clause):
        if isinstance(leaf, genai.ClauseAnd):
            if conjunction:
                raise TypeError("a second conjunction in one matcher does not fit the book")
            conjunction = tuple(_match(part) for part in leaf.and_)
            continue
        kind, text = next(iter(vars(leaf).items()))
        parts.setdefault(kind, []).append(text if kind == "regex" else text.lower())
    return Match(**{kind: tuple(texts) for kind, texts in parts.items()}, all=conjunction)


def _alternatives(clause: object) -> list[object]:
    if isinstance(clause, genai.ClauseOr):
        return [leaf for part in clause.or_ for leaf in _alternatives(part)]
    return [clause]


def main(arguments: list[str] | None = None) -> int:
    """Write a book; with ``--check`` tell whether the committed one is what this would write."""
    parser = argparse.ArgumentParser(prog="python -m quotah_server.catalog.build")
    parser.add_argument("--check", action="store_true", help="compare with the committed book only")
    parser.add_argument("--from", dest="data", type=Path, help="genai-prices' published data.json")
    parser.add_argument("--as-of", default="", help="the day on which that data was fetched")
    parser.add_argument("--unpatched", action="store_true", help="leave our patches out")
    parser.add_argument("--out", type=Path, default=BOOK, help="where to write")
    parser.add_argument(
        "--freeze", action="store_true", help="no later book tells the past otherwise"
    )
    told = parser.parse_args(arguments)
    data = told.data.read_bytes() if told.data else None
    if told.unpatched:
        book = build_unpatched(data, told.as_of)
    else:
        book = build() if data is None else build_from(data, told.as_of)
    if told.freeze:
        return _freeze(book)
    if told.check:
        return _check(book)
    told.out.write_bytes(book)
    sys.stdout.write(f"{told.out}: {len(book.splitlines())} lines\n")
    return 0


def _check(book: bytes) -> int:
    if not BOOK.exists() or BOOK.read_bytes() != book:
        sys.stderr.write(f"{BOOK} is out of date: run python -m quotah_server.catalog.build\n")
        return 1
    return _is_true_to_the_past(book)


def _freeze(book: bytes) -> int:
    if _is_true_to_the_past(book):
        return 1
    last = datetime.now(UTC).date() - timedelta(days=1)
    if HISTORY.exists():
        last = max(last, through(HISTORY.read_bytes()))
    history = freeze(decode(book), last)
    HISTORY.write_bytes(history)
    sys.stdout.write(f"{HISTORY}: {len(history.splitlines())} lines, up to {last}\n")
    return 0


def _is_true_to_the_past(book: bytes) -> int:
    """Exit status 1, and what differs on the error stream, where a book prices the past otherwise."""
    if not HISTORY.exists():
        return 0
    found = differences(decode(book), HISTORY.read_bytes(), load_corrections(DATA))
    for one in found[:MAX_DIFFERENCES]:
        way = f" ({one.way})" if one.way else ""
        sys.stderr.write(
            f"{one.provider} {one.model}{way}: {one.unit} cost {one.was} from "
            f"{one.since or 'the beginning'}, now it would be {one.now or 'unpriced'}\n"
        )
    if not found:
        return 0
    sys.stderr.write(
        f"{len(found)} past prices would change: a price change is a new period; where the past was "
        f"told wrong, {DATA / 'corrections.yaml'} says why\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
