from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from quotah_server.catalog import build
from quotah_server.catalog.book import MAX_CACHED_PLANS, Book, decode, encode, load_packaged
from quotah_server.catalog.match import resolve


def test_the_committed_book_is_what_the_sources_give() -> None:
    assert build.main(["--check"]) == 0


def test_a_book_that_differs_from_the_sources_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "book.jsonl"
    other.write_bytes(build.BOOK.read_bytes().replace(b'"input":"2.5"', b'"input":"2.6"', 1))
    monkeypatch.setattr(build, "BOOK", other)

    assert build.main(["--check"]) == 1


def test_a_stored_book_is_the_same_book_again() -> None:
    packaged = load_packaged()

    again = decode(encode(packaged))

    assert again.version == packaged.version
    assert again.models("openai") == packaged.models("openai")
    assert again.units == packaged.units


def test_the_version_is_the_hash_of_the_content() -> None:
    data = encode(load_packaged())

    changed = Book(data.replace(b'"input":"2.5"', b'"input":"2.6"', 1))

    assert Book(data).version == load_packaged().version
    assert changed.version != load_packaged().version


@pytest.mark.parametrize(
    "data", [b"{}", b"[]\n", b'{"book":1,"sources":{}}\nnonsense', b"\xff\xfe"]
)
def test_what_is_no_book_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_loading_the_book_needs_neither_genai_prices_nor_pydantic() -> None:
    code = (
        "import sys; from quotah_server.catalog.book import load_packaged; load_packaged();"
        "import quotah_server.pipeline.record;"
        "print([m for m in ('genai_prices', 'pydantic', 'yaml', 'fastapi') if m in sys.modules])"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )

    assert printed.stdout.strip() == "[]"


def test_every_model_line_names_known_units_only() -> None:
    book = load_packaged()
    rated = {
        unit
        for provider in book.providers
        for model in book.models(provider)
        for part in (*model.periods, *model.variants)
        for unit in part.rates
    }

    assert rated <= set(book.units)
    assert {unit.part_of for unit in book.units.values() if unit.part_of} <= set(book.units)


def test_every_rate_that_is_ours_names_a_public_source() -> None:
    book = load_packaged()
    sources = {
        source
        for provider in book.providers
        for model in book.models(provider)
        for part in (*model.periods, *model.variants, *model.uplifts)
        for source in (part.source, *getattr(part, "sources", {}).values())
    }

    assert {source for source in sources if not source.startswith("https://")} == {"genai-prices"}


def test_what_was_worked_out_is_forgotten_before_memory_runs_out() -> None:
    book = Book(encode(load_packaged()))

    for number in range(MAX_CACHED_PLANS + 10):
        book.remember(("test", number), number)

    assert len(book.resolved) <= MAX_CACHED_PLANS
    assert resolve(book, "openai", "gpt-4o") is not None
