"""A stored event priced again: by the same book nothing changes, by another what record() would say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from golden.cases import cost_cases
from pipeline.test_record import CHAT, call

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.line import read_line
from quotah_server.pipeline.record import record
from quotah_server.pipeline.reprice import Stored, again, explained
from quotah_server.store.events.memory import MemoryEventStore

CASES = cost_cases()
DEAR = Terms((Override("o1", "*", "*", factor=Decimal(3)),))
WHO = Attribution(workspace_id="w" * 32, project_id="p" * 32)


def through_the_store(event: PricedEvent) -> Stored:
    """The row that an event becomes, as a question brings it back."""
    store = MemoryEventStore()
    try:
        result = store.append([event])
        assert result.accepted == (event.call.event_id,), result
        (row,) = store.query(f"SELECT {', '.join(Stored._fields)} FROM events").rows
    finally:
        store.close()
    return Stored(*row)


def priced(book: Book | None = None, **fields: Any) -> Stored:
    told = call(event_id="0" * 31 + "1", attribution=WHO, **fields)
    return through_the_store(record(told, book or load_packaged()))


def of_case(case: dict[str, Any]) -> tuple[Call, Book]:
    """A golden case as a call, and the book with its terms."""
    told, terms = read_line(case, load_packaged())
    return msgspec.structs.replace(told, attribution=WHO), load_packaged().under(terms)


@pytest.fixture(scope="module")
def golden() -> list[tuple[str, PricedEvent, Stored, Book]]:
    """Every golden cost as an event, its row, and the book that priced it."""
    store = MemoryEventStore()
    events: list[tuple[str, PricedEvent, Book]] = []
    for number, case in enumerate(CASES):
        told, book = of_case(case)
        told = msgspec.structs.replace(told, event_id=f"{number:032x}", call_id=f"{number:032x}")
        events.append((case["id"], record(told, book), book))
    result = store.append([event for _, event, _ in events])
    assert result.rejected == {}
    rows = store.query(f"SELECT {', '.join(Stored._fields)} FROM events ORDER BY event_id").rows
    store.close()
    return [
        (name, event, Stored(*row), book)
        for (name, event, book), row in zip(events, rows, strict=True)
    ]


def test_by_the_same_book_no_golden_cost_changes(
    golden: list[tuple[str, PricedEvent, Stored, Book]],
) -> None:
    changed = [name for name, _, stored, book in golden if again(stored, book) is not None]
    assert changed == []


def test_by_another_book_every_golden_cost_is_what_record_says(
    golden: list[tuple[str, PricedEvent, Stored, Book]],
) -> None:
    differ = 0
    for name, event, stored, _ in golden:
        other = load_packaged().under(DEAR)
        fresh = record(event.call, other)
        found = again(stored, other)
        if found is None:
            assert (fresh.cost_usd, fresh.cost_status) == (stored.cost, stored.cost_status), name
            continue
        differ += 1
        assert (found.cost_usd, found.cost_status, found.split, found.price_version) == (
            fresh.cost_usd, fresh.cost_status, fresh.split, fresh.price_version,
        ), name  # fmt: skip
        assert found.usage is None, name
    assert differ > len(golden) * 3 // 4


def test_the_arithmetic_of_every_golden_cost_is_found_again(
    golden: list[tuple[str, PricedEvent, Stored, Book]],
) -> None:
    for name, event, stored, book in golden:
        found = explained(stored, book)
        assert found is not None, name
        assert (found.cost_usd, found.price_version) == (event.cost_usd, event.price_version), name
        if found.items:
            total = sum((item.amount_usd for item in found.items), Decimal(0))
            assert abs(total - (event.cost_usd or 0)) < Decimal("1e-12"), name


def test_without_the_providers_words_the_stored_units_are_priced() -> None:
    stored = priced()._replace(raw_usage=None)
    assert again(stored, load_packaged()) is None
    found = again(stored, load_packaged().under(DEAR))
    assert found is not None
    assert (found.cost_usd, found.cost_status) == (Decimal("0.016845"), "computed")
    arithmetic = explained(stored, load_packaged())
    assert arithmetic is not None
    assert arithmetic.cost_usd == stored.cost


@pytest.mark.parametrize("raw", ["{", "[]", "7", "[" * 5000])
def test_words_that_cannot_be_read_any_more_count_as_gone(raw: str) -> None:
    stored = priced()._replace(raw_usage=raw)
    assert again(stored, load_packaged()) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"raw_usage": None, "estimated_units": {"input": 100, "output": 7}},
        {"raw_usage": None, "estimated_units": {"input": 100}, "status": "interrupted"},
        {"raw_usage": None},
        {"raw_usage": None, "http_status": 429, "status": "error"},
        {"raw_usage": {"prompt_tokens": 5, "completion_tokens": -1}},
        {"model_response": "nobody-knows-this", "model_requested": None},
        {"raw_usage": None, "estimated_units": {"input": 1}, "model_response": "nobody-knows"},
    ],
)
def test_what_is_estimated_refused_or_unpriced_stays_so(fields: dict[str, Any]) -> None:
    assert again(priced(**fields), load_packaged()) is None


def test_an_estimate_is_priced_again_as_an_estimate() -> None:
    stored = priced(raw_usage=None, estimated_units={"input": 1000, "output": 100})
    found = again(stored, load_packaged().under(DEAR))
    assert found is not None
    assert (found.cost_usd, found.cost_status) == (Decimal("0.0105"), "estimated")


def test_what_had_no_price_gets_one_and_the_other_way_round() -> None:
    own = Terms(
        (Override("o", "openai", "my-model", rates={"input": Decimal(1), "output": Decimal(2)}),)
    )
    raw = {"prompt_tokens": 1000, "completion_tokens": 100}
    fields: dict[str, Any] = {
        "model_response": "my-model",
        "model_requested": "my-model",
        "raw_usage": raw,
    }
    bare = priced(**fields)
    assert bare.cost is None
    found = again(bare, load_packaged().under(own))
    assert found is not None
    assert (found.cost_usd, found.cost_status) == (Decimal("0.0012"), "computed")
    back = again(priced(load_packaged().under(own), **fields), load_packaged())
    assert back is not None
    assert (back.cost_usd, back.cost_status, back.split) == (None, "unpriced", None)
    assert back.cost_reason


def test_a_cost_that_the_provider_named_stays_unless_the_terms_trust_it_no_longer() -> None:
    raw = {**CHAT, "cost": Decimal("0.0042")}
    stored = priced(provider="openrouter", model_response="openai/gpt-4o", raw_usage=raw,
                    extras={"reported_cost_usd": "0.0042"})  # fmt: skip
    assert stored.cost_status == "reported"
    assert again(stored, load_packaged()) is None
    found = again(stored, load_packaged().under(Terms(trust={"openrouter": False})))
    assert found is not None
    assert (found.cost_status, found.cost_usd) == ("computed", Decimal("0.005615"))


def test_what_the_usage_object_told_besides_counts_is_heard_and_its_earlier_price_explained() -> (
    None
):
    raw = {"input_tokens": 1000, "output_tokens": 100, "inference_geo": "us"}
    fields: dict[str, Any] = {"provider": "anthropic", "operation": "messages", "raw_usage": raw,
                              "model_response": "claude-opus-4-6"}  # fmt: skip
    now = priced(**fields)
    assert again(now, load_packaged()) is None
    before = record(
        call(**{**fields, "raw_usage": {**raw, "inference_geo": "global"}}), load_packaged()
    )
    assert before.cost_usd is not None
    assert before.split is not None
    assert now.cost == before.cost_usd * Decimal("1.1")
    deaf = now._replace(extras="{}", cost=before.cost_usd, cost_input=before.split.input,
                        cost_output=before.split.output)  # fmt: skip
    heard = again(deaf, load_packaged())
    assert heard is not None
    assert heard.cost_usd == now.cost
    arithmetic = explained(deaf, load_packaged())
    assert arithmetic is not None
    assert arithmetic.cost_usd == before.cost_usd


def test_a_number_that_was_bent_into_a_text_on_its_way_is_no_reason_to_lose_a_price() -> None:
    stored = priced(operation="transcription", model_response="whisper-1",
                    raw_usage={"type": "duration", "seconds": Decimal("12.5")})  # fmt: skip
    assert stored.raw_usage == '{"type":"duration","seconds":12.5}'
    assert again(stored, load_packaged()) is None
    bent = stored._replace(raw_usage='{"type":"duration","seconds":"12.5"}')
    assert again(bent, load_packaged()) is None


def test_terms_for_one_project_or_deployment_reach_its_events_alone() -> None:
    mine = Terms((Override("o", "*", "*", project_id=WHO.project_id, factor=Decimal(2)),))
    other = Terms((Override("o", "*", "*", project_id="q" * 32, factor=Decimal(2)),))
    named = Terms((Override("o", "*", "*", deployment="prod", factor=Decimal(2)),))
    assert again(priced(), load_packaged().under(mine)) is not None
    assert again(priced(), load_packaged().under(other)) is None
    assert again(priced(extras={"deployment": "prod"}), load_packaged().under(named)) is not None
    assert again(priced(model_requested="prod"), load_packaged().under(named)) is not None
    assert again(priced(), load_packaged().under(named)) is None


def test_an_event_of_an_earlier_version_gets_its_parts() -> None:
    stored = priced()
    whole = dict.fromkeys(
        ("cost_input", "cost_cache_read", "cost_cache_write", "cost_output"), Decimal(0)
    )
    old = stored._replace(**whole, cost_other=stored.cost)
    found = again(old, load_packaged())
    assert found is not None
    assert (found.cost_usd, found.cost_status) == (stored.cost, stored.cost_status)
    assert found.split is not None
    assert found.split.other == 0


def test_counts_that_were_read_wrongly_are_read_again() -> None:
    wrong = priced()._replace(usage_units='{"input":2006,"output":300}')
    found = again(wrong, load_packaged())
    assert found is not None
    assert found.usage == Usage({"input": 86, "cache_read": 1920, "output": 300})
    assert found.revision == 0


def test_the_day_of_the_call_decides_and_not_that_of_the_repricing() -> None:
    raw = {"prompt_tokens": 1000, "completion_tokens": 0}
    told: dict[str, Any] = {"model_response": "gpt-5.6-sol", "raw_usage": raw}
    before = priced(started_at=datetime(2026, 8, 20, tzinfo=UTC), **told)
    after = priced(started_at=datetime(2026, 8, 21, tzinfo=UTC), **told)
    assert (before.cost, after.cost) == (Decimal("0.005"), Decimal("0.004"))
    assert again(before, load_packaged()) is None
    assert again(after, load_packaged()) is None
