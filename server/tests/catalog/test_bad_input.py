"""Bad input: a stated outcome for each, never a negative or silently zero cost, never a crash.

refused:  nothing is priced, and the error names the field
flagged:  there is no cost, the raw counts are kept, and a flag says which one was no count
told:     the cost stands, and a flag says what is odd beside it
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.book import load_packaged
from quotah_server.pipeline.price_lines import price_line, price_text

Line = dict[str, Any]
NOON = "2026-11-12T12:00:00Z"


def a_line(provider: str, model: str, flavor: str, response: Line) -> Line:
    return {
        "id": "x", "provider": provider, "model": model, "api_flavor": flavor, "date": NOON,
        "response": response,
    }  # fmt: skip


def chat(provider: str, model: str, usage: Line) -> Line:
    return a_line(provider, model, "chat", {"model": model, "choices": [], "usage": usage})


PLAIN = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
CACHED = {**PLAIN, "prompt_tokens_details": {"cached_tokens": 40},
          "completion_tokens_details": {"reasoning_tokens": 3}}  # fmt: skip
LINES: dict[str, Line] = {
    "openai chat": chat("openai", "gpt-4o", CACHED),
    "openai responses": a_line("openai", "gpt-5", "responses", {
        "object": "response", "model": "gpt-5",
        "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110,
                  "input_tokens_details": {"cached_tokens": 40},
                  "output_tokens_details": {"reasoning_tokens": 3}}}),
    "openai embeddings": a_line("openai", "text-embedding-3-small", "embeddings", {
        "object": "list", "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 100, "total_tokens": 100}}),
    "anthropic": a_line("anthropic", "claude-sonnet-4-5", "messages", {
        "type": "message", "model": "claude-sonnet-4-5",
        "usage": {"input_tokens": 100, "cache_read_input_tokens": 40, "output_tokens": 10,
                  "cache_creation_input_tokens": 30,
                  "cache_creation": {"ephemeral_5m_input_tokens": 20,
                                     "ephemeral_1h_input_tokens": 10},
                  "server_tool_use": {"web_search_requests": 1}}}),
    "gemini": a_line("gemini", "gemini-2.5-flash", "generateContent", {
        "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 40,
                          "candidatesTokenCount": 10, "thoughtsTokenCount": 5,
                          "totalTokenCount": 115}}),
    "bedrock": a_line("bedrock", "anthropic.claude-sonnet-4-6", "converse", {
        "usage": {"inputTokens": 100, "outputTokens": 10, "totalTokens": 180,
                  "cacheReadInputTokens": 40, "cacheWriteInputTokens": 30}}),
    "cohere": a_line("cohere", "command-a-03-2025", "chat", {
        "usage": {"billed_units": {"input_tokens": 100, "output_tokens": 10}}}),
    "mistral": chat("mistral", "mistral-large-4", PLAIN),
    "deepseek": chat("deepseek", "deepseek-flash", {
        **PLAIN, "prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 60,
        "completion_tokens_details": {"reasoning_tokens": 3}}),
    "xai": chat("xai", "grok-4.7", {**CACHED, "total_tokens": 113}),
    "groq": chat("groq", "openai/gpt-oss-120b", PLAIN),
    "azure": chat("azure", "gpt-4o", CACHED),
    "together": chat("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", PLAIN),
}  # fmt: skip
NO_COUNTS: dict[str, object] = {
    "negative": -1,
    "fraction": Decimal("1.5"),
    "float fraction": 1.5,
    "NaN": Decimal("NaN"),
    "float NaN": float("nan"),
    "infinite": Decimal("Infinity"),
    "float infinite": float("inf"),
    "beyond 2^40": 2**40 + 1,
    "beyond 64 bits": 10**30,
    "text": "12",
    "truth value": True,
    "list": [1],
    "object": {"a": 1},
}


def priced(line: object) -> Line:
    return price_line(line, load_packaged())


def places(part: Line, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to every count in an answer."""
    for name, value in part.items():
        if isinstance(value, dict):
            yield from places(value, (*path, name))
        elif type(value) is int:
            yield (*path, name)


def changed(line: Line, path: tuple[str, ...], value: object) -> Line:
    line = copy.deepcopy(line)
    part = line["response"]
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return line


@pytest.mark.parametrize("name", LINES)
def test_the_lines_are_sound_before_they_are_spoilt(name: str) -> None:
    result = priced(LINES[name])

    assert result["status"] == "computed"
    assert Decimal(result["cost_usd"]) > 0


@pytest.mark.parametrize("kind", NO_COUNTS)
@pytest.mark.parametrize(
    ("name", "path"),
    [(name, path) for name, line in LINES.items() for path in places(line["response"])],
)
def test_what_is_no_count_keeps_the_call_from_being_priced(
    name: str, path: tuple[str, ...], kind: str
) -> None:
    line = changed(LINES[name], path, NO_COUNTS[kind])
    kept = copy.deepcopy(line)

    result = priced(line)

    assert (result["status"], result["cost_usd"], result["line_items"]) == ("unpriced", None, [])
    assert result["reason"].startswith("the reported usage cannot be trusted: ")
    assert any(flag.startswith(("invalid:", "contradiction:")) for flag in result["usage"]["flags"])
    assert repr(line) == repr(kept)


@pytest.mark.parametrize("name", LINES)
def test_null_everywhere_is_no_usage(name: str) -> None:
    def nothing(part: Line) -> Line:
        return {k: nothing(v) if isinstance(v, dict) else None for k, v in part.items()}

    for response in (nothing(LINES[name]["response"]), dict.fromkeys(LINES[name]["response"]), {}):
        result = priced({**LINES[name], "response": response})

        assert (result["status"], result["cost_usd"]) == ("unpriced", None)
        assert result["reason"] == "the provider reported no usage"
        assert result["usage"]["missing"] is True


CHAT = LINES["openai chat"]


def usage(**more: object) -> Line:
    response = {**CHAT["response"], "usage": {**CHAT["response"]["usage"], **more}}
    return {**CHAT, "response": response}


DEEP: Line = {}
for _ in range(50_000):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        (usage(prompt_tokens_details={"cached_tokens": 101}), "contradiction:details_exceed_input"),
        (usage(completion_tokens_details={"reasoning_tokens": 11}),
         "contradiction:details_exceed_output"),
        (usage(total_tokens=5), "contradiction:total_tokens"),
        (usage(total_tokens=500), "contradiction:total_tokens"),
        (changed(LINES["deepseek"], ("usage", "prompt_cache_miss_tokens"), 61),
         "contradiction:prompt_cache_miss_tokens"),
        (changed(LINES["anthropic"], ("usage", "cache_creation", "ephemeral_1h_input_tokens"), 11),
         "contradiction:cache_creation_exceeds_total"),
        (changed(LINES["gemini"], ("usageMetadata", "cachedContentTokenCount"), 101), None),
        (changed(LINES["gemini"], ("usageMetadata", "totalTokenCount"), 1), None),
        (changed(LINES["bedrock"], ("usage", "totalTokens"), 1), None),
        (usage(prompt_tokens_details=[]), "invalid:prompt_tokens_details"),
        (usage(prompt_tokens_details="none"), "invalid:prompt_tokens_details"),
        (usage(**{f"odd_{n}_tokens": 1 for n in range(40)}, total_tokens=5),
         "contradiction:total_tokens"),
    ],
)  # fmt: skip
def test_counts_that_contradict_each_other_are_flagged_and_not_priced(
    line: Line, flag: str | None
) -> None:
    result = priced(line)

    assert result["cost_usd"] is None
    doubts = [f for f in result["usage"]["flags"] if f.startswith(("contradiction:", "invalid:"))]
    assert doubts
    assert flag is None or flag in doubts


@pytest.mark.parametrize(
    ("name", "path", "flag"),
    [
        ("openai chat", ("usage", "smell_tokens"), "smell_tokens"),
        ("openai chat", ("usage", "prompt_tokens_details", "smell"), "input.smell"),
        ("anthropic", ("usage", "smell_tokens"), "smell_tokens"),
        ("anthropic", ("usage", "server_tool_use", "smell_requests"), "server_tool_use.smell_requests"),
        ("anthropic", ("usage", "cache_creation", "ephemeral_9d_input_tokens"),
         "cache_creation.ephemeral_9d_input_tokens"),
        ("gemini", ("usageMetadata", "smellTokenCount"), "smellTokenCount"),
        ("bedrock", ("usage", "smellTokens"), "smellTokens"),
        ("cohere", ("usage", "billed_units", "smells"), "billed_units.smells"),
    ],
)  # fmt: skip
def test_a_unit_nobody_knows_is_told_beside_the_cost(
    name: str, path: tuple[str, ...], flag: str
) -> None:
    result = priced(changed(LINES[name], path, 7))

    assert result["cost_usd"] == priced(LINES[name])["cost_usd"]
    assert f"unknown_unit:{flag}" in result["usage"]["flags"]
    assert result["reason"] == f"usage holds a unit we do not know: {flag}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": None}, "provider"), ({"provider": " "}, "provider"), ({"provider": 5}, "provider"),
        ({"model": 5}, "model"), ({"model": []}, "model"),
        ({"date": "2026-02-30"}, "date"), ({"date": "soon"}, "date"), ({"date": 5}, "date"),
        ({"date": "9999-12-31T23:59:59-10:00"}, "date"), ({"date": "0001-01-01T00:00:00+14:00"}, "date"),
        ({"context": []}, "context"), ({"context": {"service_tier": 5}}, "context.service_tier"),
        ({"context": {"user_discount_pct": "NaN"}}, "context.user_discount_pct"),
        ({"context": {"user_price": {"input_mtok": "-1"}}}, "context.user_price.input"),
        ({"context": {"user_price": {"smell": "1"}}}, "context.user_price.smell"),
        ({"response": None}, "response"), ({"response": 5}, "response"), ({"response": [None]}, "response"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_refused_by_its_field(change: Line, field: str) -> None:
    result = priced({**CHAT, **change})

    assert set(result) == {"id", "error"}
    assert result["error"]["field"] == field
    assert result["error"]["message"]


@pytest.mark.parametrize("line", [None, 5, "x", [], [1], True])
def test_what_is_no_object_is_refused(line: object) -> None:
    assert priced(line)["error"]["message"] == "a line must be a JSON object"


@pytest.mark.parametrize(
    ("model", "date", "reason"),
    [
        ("gpt-99", NOON, "no price known for model 'gpt-99' of openai"),
        ("gpt-4o-ultra", NOON, "no price known for model 'gpt-4o-ultra' of openai"),
        ("x" * 10_000, NOON, f"no price known for model '{'x' * 100}' of openai"),
    ],
)
def test_an_unknown_model_is_unpriced_by_name(model: str, date: str, reason: str) -> None:
    result = priced({**CHAT, "date": date, "response": {**CHAT["response"], "model": model}})

    assert (result["status"], result["cost_usd"], result["reason"]) == ("unpriced", None, reason)
    assert result["usage"]["units"] == {"input": 60, "cache_read": 40, "output": 7, "reasoning": 3}


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "1970-01-01", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("name", LINES)
def test_a_day_out_of_all_reason_does_no_harm(name: str, date: str) -> None:
    """A price without a beginning reaches back for ever, the last one on for ever."""
    result = priced({**LINES[name], "date": date})

    assert result["status"] == "unpriced" or Decimal(result["cost_usd"]) > 0
    assert result["cost_usd"] is not None or result["reason"]


@pytest.mark.parametrize(
    "line",
    [
        usage(prompt_tokens_details=DEEP),
        usage(deeper=DEEP),
        {**CHAT, "response": DEEP},
        {**CHAT, "response": {**CHAT["response"], "usage": DEEP}},
        {**CHAT, "context": DEEP},
        {**CHAT, "extra": DEEP},
        {**CHAT, "events": [DEEP] * 3, "response": None},
    ],
)
def test_deep_nesting_does_no_harm(line: Line) -> None:
    result = priced(line)

    assert "error" in result or result["cost_usd"] is None or Decimal(result["cost_usd"]) > 0


@pytest.mark.parametrize(
    "text", ["{" * 100_000, '{"a":' * 100_000, "[" * 100_000, '{"a": NaN', "", "\x00", "\ud800",
             '{"id": 1, "n": ' + "9" * 5_000 + "}", b"\xff\xfe", b"\x80"]
)  # fmt: skip
def test_text_that_is_no_json_is_refused(text: str | bytes) -> None:
    assert price_text(text, load_packaged())["error"]["code"] == "invalid_input"  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    ("number", "flag"),
    [("NaN", "invalid:prompt_tokens"), ("-Infinity", "invalid:prompt_tokens"),
     ("1e400", "invalid:prompt_tokens"), ("-0", "contradiction:details_exceed_input"),
     ("1e2", "invalid:prompt_tokens")],
)  # fmt: skip
def test_odd_numbers_in_text_are_no_counts(number: str, flag: str) -> None:
    text = (
        '{"provider": "openai", "model": "gpt-4o", "date": "2026-11-12", "response": {"model":'
        f'"gpt-4o", "usage": {{"prompt_tokens": {number}, "completion_tokens": 1, '
        '"prompt_tokens_details": {"cached_tokens": 40}}}}'
    )

    result: Any = price_text(text, load_packaged())

    assert result["cost_usd"] is None
    assert flag in result["usage"]["flags"]


@pytest.mark.parametrize(
    ("cost", "status", "flags"),
    [
        (Decimal("0.01"), "reported", []), (None, "computed", []),
        (-1, "computed", ["invalid_amount:cost"]), (Decimal("NaN"), "computed", ["invalid_amount:cost"]),
        (float("inf"), "computed", ["invalid_amount:cost"]), (True, "computed", ["invalid_amount:cost"]),
        (10**30, "computed", ["invalid_amount:cost"]), ("free", "computed", ["invalid_amount:cost"]),
    ],
)  # fmt: skip
def test_a_named_cost_that_is_no_amount_is_told_and_the_list_prices(
    cost: object, status: str, flags: list[str]
) -> None:
    line = chat("openrouter", "openai/gpt-4o", {**PLAIN, "cost": cost})

    result = priced(line)

    assert (result["status"], result["usage"]["flags"]) == (status, flags)
    assert Decimal(result["cost_usd"]) == Decimal("0.01" if status == "reported" else "0.00035")


@pytest.mark.parametrize("kind", NO_COUNTS)
def test_a_named_cost_stands_beside_counts_that_are_none_and_these_are_flagged(kind: str) -> None:
    spoilt = {**PLAIN, "prompt_tokens": NO_COUNTS[kind], "cost": Decimal("0.01")}

    result = priced(chat("openrouter", "openai/gpt-4o", spoilt))

    assert (result["status"], result["cost_usd"]) == ("reported", "0.01")
    assert "invalid:prompt_tokens" in result["usage"]["flags"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.decimals() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(LINES)), st.data())
@settings(max_examples=400, deadline=None)
def test_no_value_in_any_place_makes_a_cost_negative_or_silently_zero(
    name: str, data: st.DataObject
) -> None:
    line = LINES[name]
    path = data.draw(
        st.sampled_from(sorted({p[:n] for p in places(line["response"]) for n in range(1, 4)}))
    )

    result = priced(changed(line, path, data.draw(JSON)))

    if "error" in result:
        assert result["error"]["message"]
    elif result["cost_usd"] is None:
        assert result["reason"]
    else:
        cost = Decimal(result["cost_usd"])
        assert cost > 0 or not any(result["usage"]["units"].values())
