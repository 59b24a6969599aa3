from __future__ import annotations

import inspect
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline import record as module
from quotah_server.pipeline.record import cost_of, record

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
CHAT = {
    "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920},
}  # fmt: skip


def call(**fields: Any) -> Call:
    told = {
        "event_id": "0" * 32, "call_id": "0" * 32, "door": "gateway",
        "attribution": Attribution(), "provider": "openai", "operation": "chat",
        "model_requested": "gpt-4o", "model_response": "gpt-4o-2024-08-06", "raw_usage": CHAT,
        "status": "success", "http_status": 200, "started_at": NOON, "ended_at": NOON,
    }  # fmt: skip
    return Call(**{**told, **fields})


def test_a_call_becomes_a_priced_event() -> None:
    event = record(call(), load_packaged())

    assert event.usage.units == {"input": 86, "cache_read": 1920, "output": 300}
    assert (event.cost_usd, event.cost_status) == (Decimal("0.005615"), "computed")
    assert event.price_version == load_packaged().version
    assert event.call == call()


def test_an_event_survives_its_journey_unchanged() -> None:
    event = record(call(), load_packaged())

    travelled = msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=PricedEvent)

    assert travelled == event


def test_a_stored_event_is_explained_by_the_same_arithmetic() -> None:
    event = record(call(service_tier="priority"), load_packaged())

    price = cost_of(event.call, event.usage, load_packaged())

    assert price.cost_usd == event.cost_usd
    assert sum(item.amount_usd for item in price.items) == event.cost_usd
    assert all("#priority" in item.rule for item in price.items)


def test_the_model_that_answered_is_priced_and_not_the_one_asked_for() -> None:
    asked, answered = "gpt-4o-mini", "gpt-4o-2024-08-06"

    event = record(call(model_requested=asked, model_response=answered), load_packaged())

    assert event.cost_usd == Decimal("0.005615")


def test_an_alias_of_a_provider_is_the_provider() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 0, "cache_creation_input_tokens": 0}

    event = record(
        call(provider="google", operation="messages", model_response="claude-sonnet-4-5@20250929",
             raw_usage=usage),
        load_packaged(),
    )  # fmt: skip

    assert event.cost_usd == Decimal("0.003")


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
def test_a_refused_call_is_not_billed(status: int) -> None:
    event = record(call(status="error", http_status=status, raw_usage=None), load_packaged())

    assert (event.cost_usd, event.cost_status) == (Decimal(0), "computed")
    assert event.usage.missing


def test_an_error_after_the_answer_began_is_billed_for_what_was_reported() -> None:
    event = record(call(status="error", error_class="server_error"), load_packaged())

    assert event.cost_usd == Decimal("0.005615")


def test_a_call_without_usage_is_unpriced_and_says_why() -> None:
    event = record(call(raw_usage=None), load_packaged())

    assert (event.cost_usd, event.cost_status) == (None, "unpriced")
    assert event.cost_reason == "the provider reported no usage"


def test_our_own_count_is_used_where_the_provider_reported_none_and_is_marked() -> None:
    event = record(
        call(raw_usage=None, status="cancelled", estimated_units={"input": 86, "output": 300}),
        load_packaged(),
    )

    assert (event.cost_usd, event.cost_status) == (Decimal("0.003215"), "estimated")
    assert event.usage.estimated


def test_our_own_count_never_replaces_what_the_provider_reported() -> None:
    event = record(call(estimated_units={"input": 9_999_999}), load_packaged())

    assert (event.cost_usd, event.cost_status) == (Decimal("0.005615"), "computed")


def test_a_broken_off_stream_keeps_exact_input_and_takes_the_larger_output() -> None:
    event = record(
        call(
            provider="anthropic", operation="messages", model_response="claude-haiku-4-5-20251001",
            raw_usage={"input_tokens": 400, "output_tokens": 1}, extras={"usage_partial": True},
            status="cancelled", estimated_units={"input": 1, "output": 50},
        ),
        load_packaged(),
    )  # fmt: skip

    assert event.usage.units["output"] == 50
    assert event.usage.units["input"] == 400
    assert event.cost_status == "estimated"


@pytest.mark.parametrize(
    "raw", [{"prompt_tokens": -5, "completion_tokens": 5}, {"prompt_tokens": "many"}]
)
def test_usage_that_cannot_be_trusted_is_kept_flagged_and_unpriced(raw: dict[str, Any]) -> None:
    event = record(call(raw_usage=raw), load_packaged())

    assert (event.cost_usd, event.cost_status) == (None, "unpriced")
    assert event.cost_reason == "the reported usage cannot be trusted: invalid:prompt_tokens"
    assert event.call.raw_usage == raw


def test_a_cost_that_stands_in_the_usage_object_alone_is_the_cost() -> None:
    raw = {"prompt_tokens": 194, "completion_tokens": 2, "cost": 0.00061875, "is_byok": False}
    event = record(
        call(provider="openrouter", model_response="openai/gpt-4o", raw_usage=raw), load_packaged()
    )

    assert (event.cost_usd, event.cost_status) == (Decimal("0.00061875"), "reported")
    assert event.call.extras == {"reported_cost_usd": "0.00061875"}
    assert record(event.call, load_packaged()) == event


def test_what_a_door_was_told_outweighs_the_usage_object() -> None:
    raw = {"input_tokens": 10, "output_tokens": 5, "inference_geo": "us", "speed": "fast"}
    told = record(
        call(
            provider="anthropic", operation="messages", raw_usage=raw, extras={"speed": "standard"}
        ),
        load_packaged(),
    )

    assert told.call.extras == {"inference_geo": "us", "speed": "standard"}


def test_record_stays_short_enough_to_explain_the_product() -> None:
    assert len(inspect.getsource(module.record).splitlines()) < 40
