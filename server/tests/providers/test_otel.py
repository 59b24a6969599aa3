"""Spans: whose call they tell of, which of them are calls, and what their counts hold."""

from __future__ import annotations

from typing import Any

import pytest
from golden.cases import usage_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.spans import ROOM, read

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.price_lines import price_line
from quotah_server.providers.base import Answer
from quotah_server.providers.otel import is_inference_span
from quotah_server.providers.otel.attributes import attributes_of, written_counts

BOOK = load_packaged()
SPANS = {name: s for name, s in usage_samples().items() if s["provider"] == "otel"}


def span(attributes: dict[str, Any], scope: str = "") -> dict[str, Any]:
    return {"name": "x", "scope": {"name": scope}, "attributes": attributes}


def usage_of(provider: str = "openai", scope: str = "", **counts: Any) -> tuple[Answer, Usage]:
    """A span with counts of the convention's names; ``__`` stands for a dot."""
    named = {f"gen_ai.usage.{name.replace('__', '.')}": count for name, count in counts.items()}
    return read(span({"gen_ai.provider.name": provider, **named}, scope))


def as_value(value: object) -> dict[str, Any]:
    """A value as OTLP's JSON tags it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [as_value(entry) for entry in value]}}
    if isinstance(value, dict):
        return {
            "kvlistValue": {"values": [{"key": k, "value": as_value(v)} for k, v in value.items()]}
        }
    return {"doubleValue": value}


@pytest.mark.parametrize("name", SPANS)
def test_a_span_means_the_same_in_otlps_json(name: str) -> None:
    plain = SPANS[name]["response"]
    pairs = [{"key": k, "value": as_value(v)} for k, v in attributes_of(plain).items()]

    assert read({**plain, "attributes": pairs}) == read(plain)


@pytest.mark.parametrize("name", SPANS)
def test_the_spans_collected_are_calls_of_a_model(name: str) -> None:
    assert is_inference_span(SPANS[name]["response"])


def test_nested_attributes_are_found() -> None:
    one = {
        "attributes": {"gen_ai": {"usage": {"input_tokens": 7, "output_tokens": {"intValue": "2"}}}}
    }

    assert read(one)[1].units == {"input": 7, "output": 2}


@pytest.mark.parametrize(
    ("attributes", "provider"),
    [
        ({"gen_ai.provider.name": "aws.bedrock"}, "bedrock"),
        ({"gen_ai.provider.name": "gcp.gemini"}, "gemini"),
        ({"gen_ai.provider.name": "gcp.vertex_ai"}, "gemini"),
        ({"gen_ai.provider.name": "azure.ai.openai"}, "azure"),
        ({"gen_ai.provider.name": "x_ai"}, "xai"),
        ({"gen_ai.system": "az.ai.inference"}, "azure"),
        ({"gen_ai.system": "Anthropic"}, "anthropic"),
        ({"gen_ai.system": "anthropic.messages"}, "anthropic"),
        ({"gen_ai.system": "openai.responses"}, "openai"),
        ({"ai.model.provider": "google.generative-ai"}, "gemini"),
        ({"ai.model.provider": "google.vertex.chat"}, "gemini"),
        ({"ai.model.provider": "vertex.anthropic.messages"}, "gemini"),
        ({"ai.model.provider": "amazon-bedrock"}, "bedrock"),
        ({"ai.model.provider": "groq.chat"}, "groq"),
        ({"gen_ai.provider.name": "ibm.watsonx.ai"}, "ibm.watsonx.ai"),
        ({"gen_ai.system": "Langchain", "llm.vendor": "OpenAI"}, "openai"),
        ({"llm.provider": "aws", "llm.system": "anthropic"}, "bedrock"),
        ({}, None),
    ],
)
def test_a_span_names_its_provider_in_many_ways(
    attributes: dict[str, str], provider: str | None
) -> None:
    assert read(span(attributes))[0].provider == provider


@pytest.mark.parametrize(
    ("attributes", "model"),
    [
        ({"gen_ai.request.model": "gpt-5", "gen_ai.response.model": "gpt-5-x"}, "gpt-5-x"),
        ({"gen_ai.request.model": "gpt-5"}, "gpt-5"),
        ({"llm.model_name": "gpt-5"}, "gpt-5"),
        ({"ai.model.id": "gpt-5", "ai.response.model": "gpt-5-x"}, "gpt-5-x"),
        (
            {"gen_ai.provider.name": "aws.bedrock", "gen_ai.response.model": "claude-sonnet-4-5",
             "gen_ai.request.model": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
    ],
)  # fmt: skip
def test_the_model_that_answered_counts_and_bedrocks_id_as_asked(
    attributes: dict[str, str], model: str
) -> None:
    assert read(span(attributes))[0].model == model


def test_what_a_span_says_beside_its_counts() -> None:
    answer, _ = read(
        span({"gen_ai.response.id": "resp_1", "gen_ai.response.finish_reasons": ["length"],
                "openai.response.service_tier": "flex", "server.address": "eu.api.openai.com",
                "operation.cost": 0.03378, "gen_ai.usage.input_tokens": 1,
                "gen_ai.usage.output_tokens": 1})
    )  # fmt: skip

    assert (answer.response_id, answer.finish_reason) == ("resp_1", "length")
    assert answer.service_tier == "flex"
    assert answer.extras == {"base_url": "https://eu.api.openai.com", "emitter_cost_usd": "0.03378"}
    assert answer.complete


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.eu-central-1.amazonaws.com", "eu-central-1"),
        ("europe-west4-aiplatform.googleapis.com", "europe-west4"),
        ("api.openai.com", None),
        ("localhost", None),
    ],
)
def test_some_hosts_name_the_region(host: str, region: str | None) -> None:
    assert read(span({"server.address": host}))[0].region == region


def test_an_error_is_read_from_the_attribute_or_the_status() -> None:
    assert read(span({"error.type": "timeout"}))[0].error_class == "timeout"
    assert read({**span({}), "status": {"code": 2}})[0].error_class == "error"


def test_what_a_library_reckoned_is_not_what_the_provider_billed() -> None:
    answer, _ = read(span({"gen_ai.system": "openrouter", "operation.cost": 1}))

    assert "reported_cost_usd" not in answer.extras


@pytest.mark.parametrize(
    ("counts", "scope", "units"),
    [
        # the convention: parts of the input
        ({"input_tokens": 100, "cache_read.input_tokens": 60}, "", {"input": 40, "cache_read": 60}),
        # smaller than its parts
        ({"input_tokens": 3, "cache_read.input_tokens": 60}, "", {"input": 3, "cache_read": 60}),
        # the total holds the parts beside it
        (
            {
                "input_tokens": 100,
                "cache_read.input_tokens": 60,
                "output_tokens": 5,
                "total_tokens": 165,
            },
            "",
            {"input": 100, "cache_read": 60, "output": 5},
        ),
        (
            {
                "input_tokens": 100,
                "cache_read.input_tokens": 60,
                "output_tokens": 5,
                "total_tokens": 105,
            },
            "",
            {"input": 40, "cache_read": 60, "output": 5},
        ),
        # a library that is known to pass Bedrock's counts through, whatever the total
        (
            {
                "input_tokens": 100,
                "cache_read.input_tokens": 60,
                "output_tokens": 5,
                "total_tokens": 105,
            },
            "opentelemetry.instrumentation.bedrock",
            {"input": 100, "cache_read": 60, "output": 5},
        ),
        ({"input_tokens": 60, "cache_read.input_tokens": 60}, "", {"input": 0, "cache_read": 60}),
    ],
)
def test_input_holds_the_cache_unless_something_says_otherwise(
    counts: dict[str, Any], scope: str, units: dict[str, int]
) -> None:
    assert usage_of(scope=scope, **counts)[1].units == units


@pytest.mark.parametrize(
    ("provider", "unit", "flags"),
    [
        ("openai", "cache_write_30m", ()),
        ("azure.ai.openai", "cache_write_30m", ()),
        ("anthropic", "cache_write_5m", ("cache_ttl_unknown",)),
        ("aws.bedrock", "cache_write_5m", ("cache_ttl_unknown",)),
    ],
)
def test_a_cache_write_of_untold_lifetime_has_the_providers_usual_one(
    provider: str, unit: str, flags: tuple[str, ...]
) -> None:
    _, usage = usage_of(provider, input_tokens=100, cache_write__input_tokens=60, output_tokens=0)

    assert (usage.units, usage.flags) == ({"input": 40, unit: 60, "output": 0}, flags)


@pytest.mark.parametrize(
    ("attributes", "flags"),
    [
        ({"gen_ai.operation.name": "chat"}, ("untold:output",)),
        ({"openinference.span.kind": "LLM"}, ("untold:output",)),
        ({}, ("untold:output",)),
        ({"gen_ai.usage.output_tokens": 0}, ()),
        ({"gen_ai.usage.total_tokens": 1000}, ()),
        ({"gen_ai.usage.total_tokens": 1200}, ("untold:output",)),
        ({"gen_ai.operation.name": "embeddings"}, ()),
        ({"openinference.span.kind": "RERANKER"}, ()),
        ({"gen_ai.request.model": "text-embedding-3-small"}, ()),
        ({"gen_ai.operation.name": "invoke_agent"}, ("repeats_calls_below",)),
    ],
)
def test_a_call_that_tells_of_no_output_has_no_price_unless_its_kind_makes_none(
    attributes: dict[str, Any], flags: tuple[str, ...]
) -> None:
    told = span({
        "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1000, **attributes,
    })  # fmt: skip

    assert read(told)[1].flags == flags
    result = price_line({"provider": "otel", "response": told}, BOOK)
    assert (result["status"] == "unpriced") == (flags == ("untold:output",))


@pytest.mark.parametrize("told", [{}, {"gen_ai.usage.input_tokens": "1000"}])
def test_a_call_that_tells_of_no_input_has_no_price(told: dict[str, Any]) -> None:
    output = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
              "gen_ai.usage.output_tokens": 5}  # fmt: skip

    result = price_line({"provider": "otel", "response": span({**output, **told})}, BOOK)

    assert (result["status"], result["cost_usd"]) == ("unpriced", None)


def test_the_cost_inside_of_a_span_is_read_by_the_room_of_the_provider_that_named_it() -> None:
    fee = '"cost": 0.00002, "is_byok": true'
    whole = fee + ', "cost_details": {"upstream_inference_cost": 0.00045}'

    def priced(cost: str) -> dict[str, object]:
        counts = '"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110'
        told = span({
            "gen_ai.provider.name": "openrouter", "gen_ai.request.model": "openai/gpt-4o",
            "gen_ai.usage.output_tokens": 10, "gen_ai.usage.raw": f"{{{counts}, {cost}}}",
        })  # fmt: skip
        return price_line({"provider": "otel", "response": told}, BOOK)

    known, unknown = priced(whole), priced(fee)
    assert (known["status"], known["cost_usd"]) == ("reported", "0.00047")
    assert (unknown["status"], unknown["cost_usd"]) == ("computed", "0.00035")
    assert unknown["reported_cost_usd"] is None


def test_parts_that_exceed_the_output_stand_beside_it() -> None:
    counts: dict[str, Any] = {
        "output_tokens": 151,
        "reasoning.output_tokens": 382,
        "input_tokens": 20,
    }

    _, usage = usage_of(**counts)

    assert (usage.output_tokens, usage.reasoning_output_tokens) == (533, 382)


def test_kinds_of_tokens_are_parts() -> None:
    counts: dict[str, Any] = {"input_tokens": 1000, "audio.input_tokens": 400, "image.input_tokens": 100,
              "cache_read.input_tokens": 300, "audio.cache_read.input_tokens": 250,
              "output_tokens": 50, "audio.output_tokens": 30}  # fmt: skip

    _, usage = usage_of(**counts)

    assert usage.units == {
        "input": 450, "input_audio": 150, "input_image": 100, "cache_read": 50,
        "cache_read_audio": 250, "output": 20, "output_audio": 30,
    }  # fmt: skip


def test_parts_beyond_the_whole_are_a_contradiction() -> None:
    _, usage = usage_of(input_tokens=10, audio__input_tokens=40, output_tokens=1)

    assert usage.flags == ("contradiction:details_exceed_input",)


@pytest.mark.parametrize("count", [-1, 1.5, "3", True, 2**50, [3]])
def test_what_is_no_count_is_refused(count: object) -> None:
    usage = ROOM.usage("span", {"gen_ai.usage.input_tokens": count}, {})

    assert usage.flags == ("invalid:gen_ai.usage.input_tokens",)


def test_a_count_may_be_written_as_a_float() -> None:
    assert usage_of(input_tokens=7.0, output_tokens=1)[1].units["input"] == 7


@pytest.mark.parametrize(
    ("provider", "raw", "operation", "units"),
    [
        (
            "openai",
            '{"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 64}}',
            "chat",
            {"input": 36, "cache_read": 64, "output": 9},
        ),
        (
            "anthropic",
            '{"input_tokens": 10, "output_tokens": 9, "cache_read_input_tokens": 90}',
            "messages",
            {"input": 10, "cache_read": 90, "cache_write_5m": 0, "output": 9},
        ),
        (
            "gcp.gemini",
            '{"promptTokenCount": 100, "candidatesTokenCount": 9, "totalTokenCount": 109}',
            "generate_content",
            {"input": 100, "output": 9},
        ),
        (
            "aws.bedrock",
            '{"inputTokens": 10, "outputTokens": 9, "cacheReadInputTokens": 90, "totalTokens": 109}',
            "converse",
            {"input": 10, "cache_read": 90, "output": 9},
        ),
    ],
)  # fmt: skip
def test_the_providers_own_object_is_read_by_its_own_room(
    provider: str, raw: str, operation: str, units: dict[str, int]
) -> None:
    answer, usage = usage_of(provider, input_tokens=1, output_tokens=9, raw=raw)

    assert (answer.operation, usage.units) == (operation, units)


@pytest.mark.parametrize(
    "raw",
    [
        '{"input_tokens": 10}',
        '{"input_tokens": 10, "output_tokens": 4}',
        '{"inputTokens": 10, "outputTokens": 9}',
        '{"prompt_tokens": "10", "completion_tokens": 9}',
        '{"prompt_tokens": 10',
        "[1]",
        "10",
    ],
)
def test_an_object_that_is_not_whole_or_says_otherwise_is_left_alone(raw: str) -> None:
    answer, usage = usage_of(input_tokens=100, output_tokens=9, raw=raw)

    assert (answer.operation, usage.units) == (None, {"input": 100, "output": 9})


def test_the_way_of_billing_is_read_from_the_providers_own_object() -> None:
    raw = {"input_tokens": 1, "output_tokens": 1, "service_tier": "batch", "inference_geo": "us",
           "cache_read_input_tokens": 0}  # fmt: skip

    answer, _ = usage_of("anthropic", raw=raw)

    assert (answer.service_tier, answer.extras["inference_geo"]) == ("batch", "us")


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("{'cache_read': 10, 'audio': 0}", {"cache_read": 10, "audio": 0}),
        ('{"cache_read": 10}', {"cache_read": 10}),
        ("{'a': {'b': 3}, 'c': 4.5, 'd': -1}", {"b": 3, "d": -1}),
        ("__import__('os').system('x')", {}),
        ("", {}),
        (None, {}),
        ({"cache_read": 10, "other": "x"}, {"cache_read": 10}),
        ("{'a': " + "9" * 400 + "}", {}),
    ],
)
def test_a_mapping_in_text_is_matched_and_never_evaluated(
    text: object, counts: dict[str, int]
) -> None:
    assert written_counts(text) == counts


@pytest.mark.parametrize(
    ("name", "attributes", "is_call"),
    [
        ("chat gpt", {"gen_ai.operation.name": "chat"}, True),
        ("x", {"gen_ai.operation.name": "generate_content"}, True),
        ("x", {"gen_ai.operation.name": "text_completion"}, True),
        ("x", {"gen_ai.operation.name": "embeddings"}, True),
        ("x", {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5}, False),
        ("x", {"gen_ai.operation.name": "execute_tool"}, False),
        ("x", {"gen_ai.operation.name": "fetch_response", "gen_ai.usage.input_tokens": 5}, False),
        ("x", {"openinference.span.kind": "LLM"}, True),
        ("x", {"openinference.span.kind": "EMBEDDING"}, True),
        ("x", {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5}, False),
        ("x", {"openinference.span.kind": "AGENT", "gen_ai.operation.name": "chat"}, False),
        ("ai.generateText.doGenerate", {}, True),
        ("x", {"operation.name": "ai.streamText.doStream support-bot"}, True),
        ("x", {"ai.operationId": "ai.embed.doEmbed"}, True),
        ("ai.generateText", {"ai.usage.inputTokens": 5, "ai.model.id": "m"}, False),
        ("ai.toolCall", {}, False),
        ("x", {"langsmith.span.kind": "chain", "gen_ai.usage.input_tokens": 5}, False),
        ("x", {"langsmith.span.kind": "llm"}, True),
        ("x", {"langfuse.observation.type": "agent"}, False),
        ("x", {"langfuse.observation.type": "generation"}, True),
        ("x", {"traceloop.span.kind": "workflow", "gen_ai.usage.input_tokens": 5}, False),
        ("x", {"llm.request.type": "chat", "traceloop.span.kind": "task"}, True),
        ("x", {"logfire.span_type": "pending_span", "gen_ai.operation.name": "chat"}, False),
        ("x", {"gen_ai.aggregated_usage.input_tokens": 5, "gen_ai.request.model": "m"}, False),
        ("x", {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}, True),
        ("x", {"gen_ai.usage.input_tokens": 5}, False),
        ("GET /", {"http.method": "GET"}, False),
    ],
)
def test_only_leaves_that_call_a_model_are_calls(
    name: str, attributes: dict[str, Any], is_call: bool
) -> None:
    assert is_inference_span({"name": name, "attributes": attributes}) is is_call


def test_a_span_that_repeats_the_calls_below_it_says_so() -> None:
    answer, usage = read(
        span({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5})
    )

    assert answer.extras["repeats_calls_below"] is True
    assert (usage.input_tokens, usage.flags) == (5, ("repeats_calls_below",))


def test_a_span_is_priced_as_the_call_it_tells_of() -> None:
    counted = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100,
               "gen_ai.usage.cache_read.input_tokens": 400}  # fmt: skip
    named = {"gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-4o-2024-08-06"}
    native = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 400},
    }
    answer = {"object": "chat.completion", "model": "gpt-4o-2024-08-06", "usage": native}

    told = price_line({"provider": "otel", "response": span({**named, **counted})}, BOOK)
    own = price_line({"provider": "openai", "response": answer}, BOOK)

    assert (told["provider"], told["model"]) == ("openai", "gpt-4o-2024-08-06")
    assert told["cost_usd"] == own["cost_usd"] == "0.003"


def test_a_span_without_counts_is_missing() -> None:
    assert read(span({}))[1].missing
    assert read({"attributes": "nonsense"})[1].missing


@given(*[st.integers(0, 900)] * 5, st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_units_of_a_span_add_up_to_what_it_says(
    fresh: int, cached: int, written: int, spoken: int, thought: int, inclusive: bool
) -> None:
    whole, output = fresh + cached + written, spoken + thought

    _, usage = usage_of(
        input_tokens=whole if inclusive else fresh,
        cache_read__input_tokens=cached,
        cache_write__input_tokens=written,
        output_tokens=output,
        reasoning__output_tokens=thought,
        total_tokens=whole + output,
    )

    assert (usage.input_tokens, usage.output_tokens) == (whole, output)
    assert (usage.units["input"], usage.reasoning_output_tokens) == (fresh, thought)
