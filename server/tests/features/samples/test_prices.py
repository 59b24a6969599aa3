"""Costs of sample rows are those that the pipeline finds for the same calls, to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.money import from_pico
from quotah_server.domain.usage import Usage
from quotah_server.features.samples import cast
from quotah_server.features.samples.rates import Rates, rates
from quotah_server.pipeline.record import record
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.rows import NAMES, row_of

from .conftest import plan_of

COMPARED = (
    "cost", "cost_status", "cost_reason", "price_version", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "usage_units", "usage_flags",
    "model",
)  # fmt: skip
PARTS = ("cost_input", "cost_cache_read", "cost_cache_write", "cost_output", "cost_other")
TIMES = ("latency_ms", "ttft_ms")
MOST_INPUT = 150_000


def call_of(row: dict[str, Any]) -> Call:
    """The call that a stored row tells of."""
    started = row["ts"].replace(tzinfo=UTC)
    raw = row["raw_usage"] and msgspec.json.decode(row["raw_usage"])
    estimated = (
        msgspec.json.decode(row["usage_units"]) if row["cost_status"] == "estimated" else None
    )
    after_ms = lambda ms: None if ms is None else started + timedelta(microseconds=round(ms * 1000))  # noqa: E731
    ended = after_ms(row["latency_ms"])
    assert ended is not None
    return Call(
        event_id=row["event_id"].hex, call_id=row["call_id"].hex, attempt=row["attempt"],
        final=row["final"], door="seed", attribution=Attribution(workspace_id=row["workspace_id"]),
        provider=row["provider"], operation=row["operation"], model_requested=row["model_requested"],
        model_response=row["model"], service_tier=row["service_tier"], streaming=row["streaming"],
        raw_usage=raw, estimated_units=estimated, status=row["status"],
        error_class=row["error_class"], http_status=row["http_status"], started_at=started,
        first_byte_at=after_ms(row["ttft_ms"]), ended_at=ended,
    )  # fmt: skip


def differences(rows: list[dict[str, Any]], book: Book) -> list[str]:
    """``column: stored ≠ computed`` of every row whose price the pipeline finds otherwise."""
    found: list[str] = []
    for row in rows:
        event: PricedEvent = record(call_of(row), book)
        computed = dict(zip(NAMES, row_of(event, 0, 0), strict=True))
        for part in ("cost", *PARTS):
            computed[part] = computed[part] and Decimal(computed[part])
        found += [
            f"{column}: {row[column]} ≠ {computed[column]} ({row['model']}, {row['status']})"
            for column in (*COMPARED, *PARTS)
            if row[column] != computed[column]
        ]
        found += [
            f"{column}: {row[column]} ≠ {computed[column]}"
            for column in TIMES
            if row[column] != pytest.approx(computed[column], abs=1e-6)
        ]
    return found


@pytest.fixture(scope="module")
def sample(seeded: DuckDBEventStore) -> list[dict[str, Any]]:
    """1,000 rows: a fair choice, with twenty of each status, and of each model."""
    found = seeded.query(
        "SELECT * FROM events QUALIFY row_number() OVER (PARTITION BY status, model ORDER BY event_id)"
        " <= 20 OR row_number() OVER (ORDER BY md5(event_id::VARCHAR)) <= 900"
        " ORDER BY md5(event_id::VARCHAR)"
    )
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_repricing_finds_the_stored_costs(sample: list[dict[str, Any]], book: Book) -> None:
    assert len(sample) >= 1_000
    assert {row["cost_status"] for row in sample} == {"computed", "estimated", "unpriced"}
    assert {row["model"] for row in sample} == {model.name for model in cast.MODELS}
    assert any(row["cache_write_tokens"] for row in sample)
    assert differences(sample, book) == []


def test_repricing_notices_the_smallest_wrong_cost(
    sample: list[dict[str, Any]], book: Book
) -> None:
    priced = next(row for row in sample if row["cost"])
    for column in ("cost", *PARTS):
        wrong = {**priced, column: priced[column] + Decimal("1e-12")}
        assert len(differences([wrong], book)) == 1


def test_repricing_notices_one_token_too_many(sample: list[dict[str, Any]], book: Book) -> None:
    chat = next(row for row in sample if row["operation"] == "chat" and row["raw_usage"])
    usage = msgspec.json.decode(chat["raw_usage"])
    usage["completion_tokens"] += 1
    usage["total_tokens"] += 1
    wrong = {**chat, "raw_usage": msgspec.json.encode(usage).decode()}
    assert any(line.startswith("cost:") for line in differences([wrong], book))


@pytest.mark.parametrize(
    "number", range(len(cast.MODELS)), ids=[model.name for model in cast.MODELS]
)
def test_rates_are_the_books_for_every_count_that_occurs(number: int, book: Book) -> None:
    model = cast.MODELS[number]
    plan = plan_of(days=400, end=datetime(2026, 11, 18, tzinfo=UTC))
    found = [entry for entry in rates(book, plan, cast.MODELS) if entry.model == number]
    assert len(found) >= 400
    for entry in (found[0], found[200], found[-1]):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=entry.day, hours=23, minutes=59)
        for unit in ("input", "cache_read", "cache_write_5m", "output", "reasoning"):
            pico = getattr(entry, unit)
            if pico:
                asked = price(
                    book, provider=model.provider, model=model.name, at=at,
                    usage=Usage({unit: MOST_INPUT}),
                )  # fmt: skip
                assert asked.cost_usd == from_pico(pico * MOST_INPUT)


def test_no_call_is_larger_than_the_counts_whose_rates_are_checked(
    seeded: DuckDBEventStore,
) -> None:
    largest = seeded.query("SELECT max(input_tokens) FROM events").rows[0][0]
    assert 0 < largest <= MOST_INPUT
    assert Rates._fields[2:] == ("input", "cache_read", "cache_write_5m", "output", "reasoning")
