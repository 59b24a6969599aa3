"""Limits as providers tell them: every family of headers, every body of a 429, and nonsense."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.providers.limits import DAY, MINUTE, MONTH, Found, instant, read

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
Told = dict[str, Any]


def told(
    provider: str, headers: Told, *, status: int = 200, body: object = None
) -> dict[str, Found]:
    data = None if body is None else json.dumps(body).encode()
    found = read(provider, status, list(headers.items()), data, AT)
    assert len({one.dimension for one in found}) == len(found)
    return {one.dimension: one for one in found}


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_openai_with_durations_and_project_tokens() -> None:
    found = told(
        "openai",
        {
            "x-ratelimit-limit-requests": "10000", "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "12ms", "x-ratelimit-limit-tokens": "2000000",
            "x-ratelimit-remaining-tokens": "1999000", "x-ratelimit-reset-tokens": "6m0s",
            "x-ratelimit-limit-project-tokens": "500", "x-ratelimit-remaining-project-tokens": "7",
            "x-ratelimit-reset-project-tokens": "1h2m3.5s",
            "x-ratelimit-remaining-tokens_usage_based": "12", "content-type": "application/json",
        },
    )  # fmt: skip
    assert found["requests"] == Found(
        "requests", limit=10_000, remaining=9_999, window_s=MINUTE, resets_at=after(0.012)
    )
    assert found["tokens"].resets_at == after(360)
    assert found["project_tokens"].resets_at == after(3_723.5)
    assert (found["project_tokens"].limit, found["project_tokens"].remaining) == (500, 7)
    assert found["tokens_usage_based"].remaining == 12


def test_anthropic_with_priority_and_times_of_day() -> None:
    names = ("requests", "tokens", "input-tokens", "output-tokens")
    headers: Told = {}
    for number, name in enumerate(names):
        headers |= {
            f"anthropic-ratelimit-{name}-limit": str(1000 * (number + 1)),
            f"anthropic-ratelimit-{name}-remaining": str(number),
            f"anthropic-ratelimit-{name}-reset": "2026-11-20T12:00:09Z",
        }
    headers |= {
        "anthropic-priority-input-tokens-limit": "80", "anthropic-priority-input-tokens-remaining": "79",
        "anthropic-priority-output-tokens-reset": "2026-11-20T14:00:09+02:00",
        "anthropic-organization-id": "36562039",
    }  # fmt: skip
    found = told("anthropic", headers)
    for number, name in enumerate(names):
        one = found[name.replace("-", "_")]
        assert (one.limit, one.remaining, one.resets_at) == (1000 * (number + 1), number, after(9))
        assert (one.window_s, one.group) == (MINUTE, None)
    assert found["priority_input_tokens"].remaining == 79
    assert found["priority_output_tokens"].resets_at == after(9)
    assert len(found) == 6


def test_anthropics_unified_windows_are_shares_of_the_account() -> None:
    found = told(
        "anthropic",
        {
            "anthropic-ratelimit-unified-status": "allowed",
            "anthropic-ratelimit-unified-reset": str(int(after(600).timestamp())),
            "anthropic-ratelimit-unified-representative-claim": "five_hour",
            "anthropic-ratelimit-unified-fallback": "available",
            "anthropic-ratelimit-unified-5h-status": "allowed_warning",
            "anthropic-ratelimit-unified-5h-utilization": "0.42",
            "anthropic-ratelimit-unified-5h-reset": str(int(after(60).timestamp())),
            "anthropic-ratelimit-unified-7d-utilization": "1.04",
            "anthropic-ratelimit-unified-7d_oi-utilization": "0.1",
            "anthropic-ratelimit-unified-overage-status": "rejected",
            "anthropic-ratelimit-unified-overage-utilization": "0",
        },
    )
    assert {one.group for one in found.values()} == {""}
    assert (found["unified"].status, found["unified"].resets_at) == ("allowed", after(600))
    five = found["unified_5h"]
    assert (five.utilization, five.status, five.window_s) == (0.42, "allowed_warning", 5 * 3_600)
    assert five.resets_at == after(60)
    assert (found["unified_7d"].utilization, found["unified_7d"].window_s) == (1.04, 7 * DAY)
    assert (found["unified_7d_oi"].utilization, found["unified_7d_oi"].window_s) == (0.1, 7 * DAY)
    assert (found["unified_overage"].status, found["unified_overage"].utilization) == (
        "rejected",
        0,
    )


def test_azure_counts_seconds_and_sometimes_has_no_limit() -> None:
    found = told(
        "azure",
        {"x-ratelimit-remaining-requests": "5", "x-ratelimit-limit-requests": "60",
         "x-ratelimit-reset-tokens": "17"},
    )  # fmt: skip
    assert (found["requests"].limit, found["requests"].remaining) == (60, 5)
    assert found["tokens"].resets_at == after(17)
    nothing = {"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "0"}
    assert told("azure", nothing) == {}


def test_groq_counts_requests_by_the_day_and_tokens_by_the_minute() -> None:
    found = told(
        "groq",
        {"x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14370",
         "x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-limit-tokens": "18000",
         "x-ratelimit-reset-tokens": "7.66s"},
    )  # fmt: skip
    assert (found["requests"].window_s, found["requests"].resets_at) == (DAY, after(179.56))
    assert (found["tokens"].window_s, found["tokens"].resets_at) == (MINUTE, after(7.66))


def test_mistral_new_and_old() -> None:
    found = told(
        "mistral",
        {"x-ratelimit-limit-tokens-minute": "5000000", "x-ratelimit-remaining-tokens-minute": "4999911",
         "x-ratelimit-tokens-query-cost": "52", "x-ratelimit-limit-req-minute": "720",
         "x-ratelimit-remaining-req-minute": "717", "x-ratelimit-limit-tokens-month": "90"},
    )  # fmt: skip
    assert (found["tokens"].limit, found["tokens"].remaining) == (5_000_000, 4_999_911)
    assert (found["requests"].limit, found["requests"].remaining) == (720, 717)
    assert (found["tokens_per_month"].limit, found["tokens_per_month"].window_s) == (90, MONTH)
    old = told(
        "mistral",
        {"ratelimitbysize-limit": "500000", "ratelimitbysize-remaining": "499983",
         "ratelimitbysize-reset": "45", "ratelimitbysize-query-cost": "17",
         "x-ratelimitbysize-limit-minute": "500000", "x-ratelimitbysize-remaining-minute": "499983",
         "x-ratelimitbysize-limit-month": "1000000000", "x-ratelimitbysize-remaining-month": "3"},
    )  # fmt: skip
    assert old["tokens"] == Found(
        "tokens", limit=500_000, remaining=499_983, window_s=MINUTE, resets_at=after(45)
    )
    assert (old["tokens_per_month"].remaining, old["tokens_per_month"].window_s) == (3, MONTH)


def test_cohere_by_the_month_and_on_trial() -> None:
    found = told(
        "cohere",
        {"x-endpoint-monthly-call-limit": "1000", "x-trial-endpoint-call-limit": "40",
         "x-trial-endpoint-call-remaining": "39"},
    )  # fmt: skip
    assert found["calls_per_month"] == Found("calls_per_month", "", limit=1000, window_s=MONTH)
    assert (found["trial_calls"].limit, found["trial_calls"].remaining) == (40, 39)


def test_cerebras_by_day_and_minute() -> None:
    found = told(
        "cerebras",
        {"x-ratelimit-limit-requests-day": "14400", "x-ratelimit-remaining-requests-day": "14399",
         "x-ratelimit-reset-requests-day": "33011.382867", "x-ratelimit-limit-tokens-minute": "60000",
         "x-ratelimit-remaining-tokens-minute": "59000", "x-ratelimit-reset-tokens-minute": "11.38"},
    )  # fmt: skip
    day = found["requests_per_day"]
    assert (day.limit, day.window_s, day.resets_at) == (14_400, DAY, after(33_011.382867))
    assert (found["tokens"].remaining, found["tokens"].resets_at) == (59_000, after(11.38))


def test_together_counts_requests_and_tokens() -> None:
    found = told(
        "together",
        {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1",
         "x-tokenlimit-limit": "3000", "x-tokenlimit-remaining": "2900"},
    )  # fmt: skip
    assert (found["requests"].limit, found["requests"].resets_at) == (10, after(1))
    assert (found["tokens"].limit, found["tokens"].remaining) == (3_000, 2_900)


def test_openrouter_counts_for_the_account_until_an_instant_in_milliseconds() -> None:
    reset = str(int(after(3_600).timestamp() * 1000))
    headers = {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    one = told("openrouter", headers, status=429)["requests"]
    assert (one.group, one.limit, one.remaining, one.resets_at) == ("", 50, 0, after(3_600))


GEMINI: Told = {
    "error": {
        "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota.",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
                {"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                 "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                 "quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"}, "quotaValue": "5"},
                {"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                 "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "100"},
                {"quotaMetric": "generate_content_paid_tier_input_token_count",
                 "quotaId": "GenerateContentInputTokensPerModelPerMinute-PaidTier"},
            ]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36.5s"},
        ],
    }
}  # fmt: skip


@pytest.mark.parametrize("body", [GEMINI, [GEMINI]])
def test_gemini_tells_in_the_body_of_its_429_alone(body: object) -> None:
    found = told("gemini", {}, status=429, body=body)
    one = found["requests"]
    assert (one.group, one.limit, one.remaining) == ("gemini-2.5-pro", 5, 0)
    assert (one.window_s, one.resets_at, one.source) == (MINUTE, after(36.5), "429_body")
    day = found["requests_per_day"]
    assert (day.group, day.limit, day.window_s) == (None, 100, DAY)
    assert day.resets_at == datetime(2026, 11, 21, 8, tzinfo=UTC), "midnight in California"
    assert (found["input_tokens"].window_s, found["input_tokens"].remaining) == (MINUTE, 0)
    assert told("gemini", {}, status=200, body=body) == {}


def test_a_sentence_tells_what_headers_do_not() -> None:
    text = (
        "Rate limit reached for model `llama-3.3-70b` in organization `org_1` on tokens per day (TPD):"
        " Limit 100000, Used 99336, Requested 2000. Please try again in 19m14.3s. Need more tokens?"
    )
    one = told("groq", {}, status=429, body={"error": {"message": text}})["tokens_per_day"]
    assert (one.limit, one.remaining, one.window_s) == (100_000, 664, DAY)
    assert (one.resets_at, one.source) == (after(19 * 60 + 14.3), "429_body")


@pytest.mark.parametrize(
    ("name", "value", "wait"),
    [
        ("retry-after", "17", 17), ("retry-after-ms", "250", 0.25),
        ("retry-after", "2026-11-20T12:01:00Z", 60),
    ],
)  # fmt: skip
def test_a_429_that_only_says_when_to_come_back_is_a_limit_of_something(
    name: str, value: str, wait: float
) -> None:
    one = told("anybody", {name: value}, status=429)["any"]
    assert (one.remaining, one.resets_at, one.status) == (0, after(wait), "limited")
    assert told("anybody", {name: value}, status=200) == {}


def test_a_429_that_names_the_limit_needs_no_other() -> None:
    headers = {"retry-after": "5", "anthropic-ratelimit-input-tokens-remaining": "0"}
    assert set(told("anthropic", headers, status=429)) == {"input_tokens"}


@pytest.mark.parametrize(
    "value",
    [
        "", "-1", "NaN", "inf", "-inf", "1e999", "0x10", "1" * 5_000, "99999999999999999999", "ten",
        "9" * 400 + "h", "1d" * 400, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59", "\udcff", "5, 5", "٣", "1_000",
    ],
)  # fmt: skip
def test_absurd_values_are_left_out(value: str) -> None:
    found = told(
        "openai",
        {
            "x-ratelimit-remaining-tokens": value, "x-ratelimit-reset-tokens": value,
            "anthropic-ratelimit-unified-5h-utilization": value, "retry-after": value,
            "x-ratelimit-limit-requests": "60",
        },
    )  # fmt: skip
    assert found["requests"].limit == 60
    for one in found.values():
        assert one.remaining is None or 0 <= one.remaining <= 10**15
        assert one.resets_at is None or abs(one.resets_at - AT) <= timedelta(days=400)
        assert one.utilization is None or 0 <= one.utilization <= 100


def test_an_answer_may_not_flood_us_with_dimensions() -> None:
    headers = {f"x-ratelimit-limit-d{number}": "1" for number in range(10_000)}
    assert len(told("openai", headers)) == 32


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"[" * 100_000, b"\xff\xfe", b'{"error": []}',
        b'{"error": {"details": {"violations": 1}}}', b'{"error": {"details": [1, {"violations": [1]}]}}',
        b'{"error": {"details": [{"violations": [{"quotaId": 5, "quotaValue": {}}]}]}}',
        b'{"error": {"details": [{"retryDelay": 5}], "message": 7}}',
    ],
)  # fmt: skip
def test_no_body_of_a_429_breaks_the_reading(body: bytes) -> None:
    read("gemini", 429, [("retry-after", "1")], body, AT)


_NAMES = st.sampled_from(
    [
        "x-ratelimit-limit-requests", "x-ratelimit-reset-tokens", "x-ratelimit-remaining",
        "anthropic-ratelimit-unified-5h-utilization", "anthropic-ratelimit-tokens-reset",
        "ratelimitbysize-reset", "x-tokenlimit-remaining", "retry-after", "retry-after-ms",
        "x-ratelimit-limit--", "anthropic--limit", "x-ratelimit-limit-5h",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    headers=st.lists(st.tuples(_NAMES | st.text(max_size=40), st.text(max_size=80)), max_size=12),
    body=st.none() | st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode()),
    status=st.sampled_from([200, 429, 500]),
)
def test_nothing_that_a_provider_sends_raises(
    headers: list[tuple[str, str]], body: bytes | None, status: int
) -> None:
    read("openai", status, headers, body, AT)


@given(seconds=st.floats(0, 10**6))
def test_seconds_are_taken_as_they_are(seconds: float) -> None:
    assert instant(repr(seconds), AT) == AT + timedelta(seconds=seconds)
