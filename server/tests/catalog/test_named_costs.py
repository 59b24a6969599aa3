"""Amounts that somebody else named: believed within bounds, never a way to fill a disk or lose a call."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.price import price
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.money import COST_LIMIT_USD, named
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.record import record

AT = datetime(2026, 11, 20, tzinfo=UTC)
NOBODY = "0" * 32
TINY = Decimal("1e-999999")
HALF = Terms((Override("half", "*", "*", factor=Decimal("0.5")),))
SAME = Terms((Override("same", "*", "*", factor=Decimal(1)),))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.0045", "0.0045"),
        ("1e-30", "1e-30"),
        ("1e-31", "0"),
        ("1e-999999", "0"),
        ("-0", "0"),
        ("999999.999999999999", "999999.999999999999"),
        ("999999.9999999999999", None),  # rounds to what is not believed, and is not kept
        ("1e999999", None),
        ("-1", None),
        ("NaN", None),
        ("sNaN", None),
        ("Infinity", None),
        ("much", None),
    ],
)
def test_a_named_cost_is_read_to_thirty_decimals_or_not_at_all(
    written: str, read: str | None
) -> None:
    assert named(written) == (None if read is None else Decimal(read))


@pytest.mark.parametrize(
    ("provider", "usage"),
    [
        ("openrouter", {"cost": TINY}),
        ("openrouter", {"cost": str(TINY)}),
        ("perplexity", {"cost": {"total_cost": TINY}}),
    ],
)
def test_a_cost_of_a_million_zeros_is_not_written_out(provider: str, usage: dict[str, Any]) -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    call = Call(
        event_id=NOBODY, call_id=NOBODY, door="api", provider=provider, operation="chat",
        model_response="m", raw_usage={**counts, **usage}, status="success", started_at=AT,
        ended_at=AT, attribution=Attribution(),
    )  # fmt: skip
    event = record(call, load_packaged().under(HALF))
    assert event.cost_status == "reported"
    assert len(msgspec.msgpack.encode(event)) < 2_000


@pytest.mark.parametrize(
    "amount", ["999999.9999999999999", "999999.9999999999994", "999999.999999999999"]
)
def test_no_cost_is_more_than_a_store_can_hold(amount: str) -> None:
    book, usage = load_packaged(), Usage({"input": 1})
    for terms in (Terms(), SAME):
        found = price(
            book.under(terms), provider="openrouter", model="m", usage=usage, at=AT,
            extras={"reported_cost_usd": amount},
        )  # fmt: skip
        assert found.cost_usd is None or found.cost_usd < COST_LIMIT_USD


@pytest.mark.parametrize(
    ("rate", "status"),
    [("999999.9999999999996", "unpriced"), ("999999.9999999999994", "computed")],
)
def test_a_sum_that_rounds_to_the_limit_is_not_believed(rate: str, status: str) -> None:
    own = Override("own", "*", "*", rates={"image": Decimal(rate)})
    book = load_packaged().under(Terms((own,)))
    found = price(book, provider="openai", model="m", usage=Usage({"image": 1}), at=AT)
    assert found.status == status
