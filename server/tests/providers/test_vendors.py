"""What each vendor does otherwise than the wire it copied."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quotah_server.domain.usage import Usage
from quotah_server.providers.accounts import COMPATIBLE
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import (
    ACCOUNTS,
    PROVIDERS,
    asked_by,
    room_for,
    room_of_mount,
    told_by,
)


def read(vendor: str, operation: str, body: dict[str, Any]) -> tuple[dict[str, Any], Usage]:
    """Extras and usage of a whole answer."""
    room = room_for(vendor, operation)
    answer = room.read_body(operation, body)
    return answer.extras, room.usage(operation, answer.usage, answer.extras)


def plain(**usage: object) -> dict[str, Any]:
    return {"choices": [{}], "usage": {"prompt_tokens": 10, "completion_tokens": 5, **usage}}


@pytest.mark.parametrize(
    ("ticks", "cost"),
    [(1, "0.0000000001"), (37756000, "0.0037756"), (10**10, "1"), (0, "0"), (-1, None), ("5", None),
     (1.5, None), (None, None)],
)  # fmt: skip
def test_a_tick_of_xai_is_a_ten_billionth_of_a_dollar(ticks: object, cost: str | None) -> None:
    extras, _ = read("xai", "chat", plain(cost_in_usd_ticks=ticks))

    assert extras.get("reported_cost_usd") == cost


def test_xais_count_of_tool_calls_is_the_bill_and_its_items_are_not_added() -> None:
    body = {
        "output": [{"type": "web_search_call", "action": {"type": "search"}}] * 3,
        "usage": {
            "input_tokens": 10, "output_tokens": 5,
            "server_side_tool_usage_details": {
                "web_search_calls": 2, "x_search_calls": 1, "code_interpreter_calls": 4,
                "file_search_calls": 0, "mcp_calls": 9, "document_search_calls": 1,
            },
        },
    }  # fmt: skip

    _, usage = read("xai", "responses", body)

    assert usage.units == {
        "input": 10, "output": 5, "web_search": 2, "social_search": 1, "code_execution": 4,
    }  # fmt: skip
    assert usage.flags == ("unknown_unit:tool.document_search_calls",)


def test_sources_of_xais_live_search_are_counted() -> None:
    _, usage = read("xai", "chat", plain(num_sources_used=3))

    assert usage.units["search_source"] == 3


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"cost": 0.00061875, "is_byok": False,
          "cost_details": {"upstream_inference_cost": 0.0005}}, "0.00061875"),
        ({"cost": Decimal("0.1"), "is_byok": True,
          "cost_details": {"upstream_inference_cost": Decimal("0.2")}}, "0.3"),
        ({"cost": 0.95, "cost_details": {"upstream_inference_cost": 19}}, "19.95"),
        ({"cost": 0.95, "is_byok": None, "cost_details": {"upstream_inference_cost": None}}, "0.95"),
        ({"cost": 0.95, "is_byok": True, "cost_details": None}, None),
        ({"cost": "free"}, None),
        ({"cost": float("nan")}, None),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_openrouter_names_what_the_call_cost_the_caller(
    told: dict[str, Any], cost: str | None
) -> None:
    extras, _ = read("openrouter", "chat", plain(**told))

    assert extras.get("reported_cost_usd") == cost


def test_openrouter_does_not_tell_how_long_a_cache_is_kept() -> None:
    written = {"prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 4}}
    _, usage = read("openrouter", "chat", plain(**written))

    assert usage.units["cache_write_5m"] == 4
    assert usage.flags == ("cache_ttl_unknown",)


def test_a_search_of_openrouter_is_counted() -> None:
    _, usage = read("openrouter", "chat", plain(server_tool_use={"web_search_requests": 2}))

    assert usage.units["web_search"] == 2


def test_openrouter_streams_claudes_messages_with_a_cost() -> None:
    room, answer = PROVIDERS["openrouter"], Answer()
    start = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 9}}}
    end = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3, "cost": 0.0001}}
    for event in (start, end, {"type": "message_stop"}):
        room.merge("messages", answer, event)

    assert answer.extras == {"reported_cost_usd": "0.0001"}
    assert room.usage("messages", answer.usage, answer.extras).output_tokens == 3
    assert room.needles("messages") == PROVIDERS["anthropic"].needles("messages")
    assert room.operation("POST", "/v1/messages") == "messages"
    assert room.operation("POST", "/v1/chat/completions") == "chat"
    assert room.operation("POST", "/v1/messages/count_tokens") is None


DEEP = {"citation_tokens": 20, "reasoning_tokens": 300, "num_search_queries": 4}


@pytest.mark.parametrize("total", [15, 35, 315, 335])
def test_deep_research_counts_beside_its_totals_whatever_the_total_holds(total: int) -> None:
    _, usage = read("perplexity", "chat", plain(total_tokens=total, **DEEP))

    assert usage.units == {
        "input": 10, "output": 5, "citation": 20, "reasoning": 300, "web_search": 4,
    }  # fmt: skip
    assert usage.flags == ()


def test_other_models_of_perplexity_bill_neither_citations_nor_queries() -> None:
    told = {"citation_tokens": 4941, "num_search_queries": 2, "search_context_size": "high"}
    extras, usage = read("perplexity", "chat", plain(total_tokens=15, **told))

    assert usage.units == {"input": 10, "output": 5}
    assert extras == {"search_context_size": "high"}


@pytest.mark.parametrize(("thought", "said"), [(3, 2), (8, 5)])
def test_reasoning_of_perplexity_is_part_of_the_answer_where_it_fits(
    thought: int, said: int
) -> None:
    _, usage = read("perplexity", "chat", plain(total_tokens=15, reasoning_tokens=thought))

    assert (usage.units["output"], usage.units["reasoning"]) == (said, thought)


@pytest.mark.parametrize(
    ("cost", "found"),
    [({"total_cost": 0.04629, "currency": "USD"}, "0.04629"), ({"total_cost": 1, "currency": "EUR"}, None),
     ({"total_cost": None}, None), ("much", None)],
)  # fmt: skip
def test_perplexity_names_the_whole_cost_in_dollars(cost: object, found: str | None) -> None:
    extras, _ = read("perplexity", "chat", plain(cost=cost))

    assert extras.get("reported_cost_usd") == found


def test_groqs_stream_ends_with_its_usage_under_its_own_name() -> None:
    room, answer = PROVIDERS["groq"], Answer()
    own = {"prompt_tokens": 21, "completion_tokens": 31, "total_tokens": 52}
    room.merge("chat", answer, {"choices": [{"finish_reason": "stop"}], "x_groq": {"usage": own},
                                "usage": {"prompt_tokens": 0, "completion_tokens": 31}})  # fmt: skip

    assert answer.usage == own
    assert any(needle in b'{"x_groq":{"usage"' for needle in room.needles("chat"))


def test_an_error_in_groqs_stream_names_its_class() -> None:
    answer = Answer()
    PROVIDERS["groq"].merge("chat", answer, {"choices": [], "x_groq": {"error": "over_capacity"}})

    assert (answer.error_class, answer.complete) == ("over_capacity", False)


@pytest.mark.parametrize(
    ("told", "units"),
    [
        ({"duration_seconds": 30.5}, {"audio_microsecond": 30_500_000}),
        ({"duration": 30.5, "duration_seconds": None}, {"audio_microsecond": 30_500_000}),
        ({"duration": 8.470000267028809}, {"audio_microsecond": 8_470_000}),
        ({"duration": 30.0}, {"audio_second": 30}),
    ],
)
def test_a_length_of_groqs_is_not_rounded_to_seconds(
    told: dict[str, Any], units: dict[str, int]
) -> None:
    _, usage = read("groq", "transcription", {"text": "x", **told})

    assert (usage.units, usage.flags) == (units, ())


@pytest.mark.parametrize("length", ["3", -1, None, float("inf")])
def test_a_length_of_groqs_that_is_none_is_no_usage(length: object) -> None:
    _, usage = read("groq", "transcription", {"text": "x", "duration_seconds": length})

    assert usage.missing


def test_a_compound_system_without_a_breakdown_is_one_call() -> None:
    _, usage = read("groq", "chat", {**plain(), "usage_breakdown": {"models": [{"model": "m"}]}})

    assert usage.inner == ()
    assert usage.units == {"input": 10, "output": 5}


@pytest.mark.parametrize(
    ("usage", "units", "flags"),
    [
        ({"prompt_audio_seconds": 12.5, "prompt_tokens": 3, "completion_tokens": 7,
          "total_tokens": 900}, {"input": 3, "output": 7, "audio_second": 13}, ()),
        ({"prompt_audio_seconds": 2}, {"audio_second": 2}, ()),
        ({"prompt_audio_seconds": "2"}, {}, ("unknown_usage", "invalid:seconds")),
    ],
)  # fmt: skip
def test_audio_of_mistral_is_billed_by_the_second(
    usage: dict[str, Any], units: dict[str, int], flags: tuple[str, ...]
) -> None:
    _, found = read("mistral", "chat", {"choices": [{}], "usage": usage})

    assert (found.units, found.flags) == (units, flags)


@pytest.mark.parametrize(
    ("info", "units"),
    [
        ({"pages_processed": 29, "doc_size_bytes": 3002783}, {"page": 29}),
        ({"pages_processed": 0, "pages_processed_annotation": 2}, {"page": 0, "annotated_page": 2}),
        ({"pages_processed": 3, "pages_processed_annotation": 0}, {"page": 3}),
        ({"pages_processed": -1}, {}),
        ({"doc_size_bytes": 1}, {}),
    ],
)
def test_documents_are_billed_by_the_page(info: dict[str, int], units: dict[str, int]) -> None:
    _, usage = read("mistral", "ocr", {"pages": [], "usage_info": info})

    assert usage.units == units


@pytest.mark.parametrize(
    ("vendor", "path", "operation"),
    [
        ("mistral", "/v1/ocr", "ocr"),
        ("mistral", "/fim/completions", "chat"),
        ("mistral", "/chat/completions", "chat"),
        ("azure", "/openai/deployments/prod-4o/chat/completions", "chat"),
        ("azure", "/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21", "chat"),
        ("azure", "/deployments/e/embeddings", "embeddings"),
        ("azure", "/openai/v1/responses", "responses"),
        ("azure", "/openai/deployments/a/b/chat/completions", None),
        ("azure", "/openai/models", None),
        ("ollama", "/api/chat", "ollama_chat"),
        ("ollama", "/api/generate", "ollama_generate"),
        ("ollama", "/api/embeddings", "ollama_embed"),
        ("ollama", "/api/tags", None),
        ("ollama", "/v1/chat/completions", "chat"),
        ("groq", "/audio/transcriptions", "transcription"),
    ],
)
def test_a_vendors_paths_have_operations(vendor: str, path: str, operation: str | None) -> None:
    assert PROVIDERS[vendor].operation("POST", path) == operation
    assert PROVIDERS[vendor].operation("GET", path) is None


def test_the_model_of_azures_stream_is_the_first_that_is_named() -> None:
    answer = Answer()
    for model in ("", "gpt-4o-2024-11-20", ""):
        PROVIDERS["azure"].merge("chat", answer, {"model": model, "choices": []})

    assert answer.model == "gpt-4o-2024-11-20"


OLLAMA = {"model": "gemma3", "done": True, "done_reason": "stop"}


@pytest.mark.parametrize("operation", ["ollama_chat", "ollama_generate", "chat"])
def test_ollamas_cached_tokens_are_part_of_the_prompt(operation: str) -> None:
    counts = {"prompt_eval_count": 26, "prompt_eval_cached_count": 20, "eval_count": 282}
    _, usage = read("ollama", operation, {**OLLAMA, **counts})

    assert usage.units == {"input": 6, "cache_read": 20, "output": 282}


def test_a_prompt_that_ollama_did_not_count_is_unknown_and_not_zero() -> None:
    _, usage = read("ollama", "ollama_chat", {**OLLAMA, "eval_count": 9})

    assert usage.input_tokens is None
    assert usage.estimated


def test_more_cached_than_read_is_a_contradiction() -> None:
    counts = {"prompt_eval_count": 5, "prompt_eval_cached_count": 20, "eval_count": 1}
    _, usage = read("ollama", "ollama_chat", {**OLLAMA, **counts})

    assert usage.flags == ("contradiction:cached_exceeds_prompt",)


def test_ollama_without_counts_has_no_usage() -> None:
    _, usage = read("ollama", "ollama_chat", OLLAMA)

    assert usage.missing


def test_ollamas_stream_is_complete_with_its_last_object() -> None:
    room, answer = PROVIDERS["ollama"], Answer()
    room.merge("ollama_chat", answer, {"model": "gemma3", "message": {}, "done": False})
    assert not answer.complete

    room.merge("ollama_chat", answer, {**OLLAMA, "prompt_eval_count": 3, "eval_count": 2})

    assert (answer.complete, answer.finish_reason, answer.model) == (True, "stop", "gemma3")
    assert any(needle in b'{"done":true}' for needle in room.needles("ollama_chat"))


def test_an_error_of_ollama_is_one() -> None:
    room, answer = PROVIDERS["ollama"], Answer()
    room.merge("ollama_chat", answer, {"error": "model not found"})

    assert (answer.error_class, answer.complete) == ("error", False)
    assert room.read_body("ollama_chat", {"error": "model not found"}).error_class == "error"


def test_openais_wire_at_ollama_is_read_as_such() -> None:
    _, usage = read("ollama", "chat", plain(prompt_tokens_details={"cached_tokens": 4}))

    assert usage.units == {"input": 6, "cache_read": 4, "output": 5}


def test_perplexitys_agent_makes_responses() -> None:
    assert PROVIDERS["perplexity"].operation("POST", "/v1/agent") == "responses"
    assert PROVIDERS["perplexity"].operation("POST", "/chat/completions") == "chat"


def test_every_account_has_a_room_that_reads_its_answers() -> None:
    for account in ACCOUNTS.values():
        room = room_of_mount(account.provider, "mine")
        assert room is not None
        assert room.name == ("mine" if account.provider == COMPATIBLE else account.provider)
        assert account.base_url.startswith(("https://", "http://127.0.0.1")) or not account.base_url
        assert not account.base_url.endswith("/")
    assert room_of_mount("nobody", "nobody") is None


def test_what_is_compatible_is_called_by_its_mount_and_read_as_the_vendor_of_that_name_is_read() -> (
    None
):
    own, known = room_of_mount(COMPATIBLE, "our-llama"), room_of_mount(COMPATIBLE, "OpenRouter")

    assert own is not None
    assert own.name == "our-llama"
    assert own.operation("POST", "/chat/completions") == "chat"
    assert known is PROVIDERS["openrouter"]
    other_wire = room_of_mount(COMPATIBLE, "anthropic")
    assert other_wire is not None
    assert other_wire.operation("POST", "/chat/completions") == "chat"


@pytest.mark.parametrize(
    ("provider", "operation", "room"),
    [
        ("nobody-knows", "chat", "openai"),
        ("nobody-knows", "messages", "anthropic"),
        ("nobody-knows", "ollama_chat", "ollama"),
        ("nobody-knows", "ocr", "mistral"),
        ("nobody-knows", "unheard-of", "openai"),
        ("azure", "messages", "anthropic"),
        ("xai", "chat", "xai"),
        ("openrouter", "messages", "openrouter"),
    ],
)
def test_an_answer_is_read_by_its_provider_or_else_by_its_wire(
    provider: str, operation: str, room: str
) -> None:
    assert room_for(provider, operation) is PROVIDERS[room]


def test_google_has_its_own_way_with_openais_wire() -> None:
    assert room_for("gemini", "chat").name == "gemini"
    assert room_for("gemini", "chat") is not PROVIDERS["gemini"]


def test_a_second_room_of_a_vendor_is_asked_as_its_wire_is() -> None:
    told = {"input": "four"}

    assert asked_by("gemini", "speech", {}, lambda _: told) == asked_by(
        "openai", "speech", {}, lambda _: told
    )
    assert asked_by("gemini", "speech", {}, lambda _: told) == {"input_characters": 4}


def test_tools_that_groq_ran_are_told_as_unknown() -> None:
    message = {"message": {"executed_tools": [{"type": "search"}, {"type": "python"}]}}
    body = {"choices": [message], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}

    extras, usage = read("groq", "chat", body)

    assert extras["executed_tools"] == 2
    assert usage.flags == ("unknown_unit:executed_tools",)
    assert usage.units == {"input": 10, "output": 5}


@pytest.mark.parametrize(
    ("provider", "operation", "usage", "told"),
    [
        ("xai", "chat", {"cost_in_usd_ticks": 5}, {"reported_cost_usd": "0.0000000005"}),
        ("openrouter", "messages", {"cost": 0.5}, {"reported_cost_usd": "0.5"}),
        ("anthropic", "messages", {"speed": "fast", "inference_geo": "us", "service_tier": "batch"},
         {"speed": "fast", "inference_geo": "us", "processing": "batch"}),
        ("openai", "chat", {"cost": 0.5}, {}),
        ("cohere", "cohere_chat", {"cost": 0.5}, {}),
        ("xai", "chat", None, {}),
    ],
)  # fmt: skip
def test_a_usage_object_alone_tells_what_changes_the_bill(
    provider: str, operation: str, usage: dict[str, Any] | None, told: dict[str, Any]
) -> None:
    assert told_by(provider, operation, usage) == told


@pytest.mark.parametrize("vendor", ["ollama", "openrouter", "anthropic", "azure"])
def test_openais_wire_has_the_same_needles_everywhere(vendor: str) -> None:
    assert PROVIDERS[vendor].needles("chat") == PROVIDERS["openai"].needles("chat")
