"""Compiles the price book: genai-prices plus our own dated patches → ``data/book.jsonl``.

    python -m quotah_server.catalog.build           writes the book
    python -m quotah_server.catalog.build --check   exit status 1 when the committed book differs

The only module that knows genai-prices, needed at build time alone. Same inputs, same bytes.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec
from genai_prices import types as genai
from genai_prices.data import providers as genai_providers

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import (
    FORMAT,
    Match,
    Model,
    Period,
    Provider,
    Rate,
    Tiered,
    Variant,
)
from quotah_server.catalog.patch import load_patches
from quotah_server.catalog.patching import patched, plain

DATA = Path(__file__).parent / "data"
BOOK = DATA / "book.jsonl"
UNITS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "input_image_mtok": "input_image",
    "input_video_mtok": "input_video",
    "cache_audio_read_mtok": "cache_read_audio",
    "cache_image_read_mtok": "cache_read_image",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "output_video_mtok": "output_video",
    "output_reasoning_mtok": "reasoning",
    "output_citation_mtok": "citation",
    "audio_hours": "audio_second",
    "input_audio_hours": "audio_second",
    "input_mchars": "input_character",
    "input_text_messages_kcount": "input_message",
    "input_document_kpages": "page",
    "input_annotated_document_kpages": "annotated_page",
    "requests_kcount": "request",
    "web_searches_kcount": "web_search",
    "storage_searches_kcount": "file_search",
}
"""genai-prices' key of a rate → our unit. A key that is not listed stops the build."""


def build() -> bytes:
    """Compile the book. Raises KeyError for a rate, TypeError for a rule that we do not know."""
    patches = load_patches(DATA)
    lines: list[object] = [
        {"book": FORMAT, "sources": {"genai-prices": version("genai-prices")}},
        *patches.units,
        *patches.calendars,
        *patches.providers([_provider(source) for source in genai_providers]),
    ]
    models = {
        canonical(source.id): [_model(canonical(source.id), model) for model in source.models]
        for source in genai_providers
    }
    lines.extend(patched(patches, models))
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


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
    """Write the book; with ``--check`` tell whether the committed one is what this would write."""
    parser = argparse.ArgumentParser(prog="python -m quotah_server.catalog.build")
    parser.add_argument("--check", action="store_true", help="compare with the committed book only")
    book = build()
    if not parser.parse_args(arguments).check:
        BOOK.write_bytes(book)
        sys.stdout.write(f"{BOOK}: {len(book.splitlines())} lines\n")
        return 0
    if BOOK.exists() and BOOK.read_bytes() == book:
        return 0
    sys.stderr.write(f"{BOOK} is out of date: run python -m quotah_server.catalog.build\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
