"""The pure decisions: which route, which order of targets, whether and when again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.domain.routing import (
    DEFAULT_ROUTE,
    Asked,
    Match,
    Retry,
    Route,
    Standing,
    Strategy,
    Target,
    model_allowed,
    route_for,
    targets_of,
)
from quotah_server.domain.snapshot import KeyDefaults
from quotah_server.gateway.retrying import (
    NEVER,
    Setback,
    advice_of,
    backoff_s,
    setback_of,
    wait_of,
)

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
ASKED = Asked("openai", "gpt-4o", "chat", "p", "k", "search", "production", streaming=False)


def route(**fields: Any) -> Route:
    return Route("r", "r", **fields)


def order(
    targets: tuple[Target, ...],
    strategy: Strategy = "ordered",
    standing: Callable[[Target], Standing] = lambda _: Standing(),
    draw: Callable[[], float] = lambda: 0.0,
) -> list[str | None]:
    made = route(targets=targets, strategy=strategy)
    return [target.model for target in targets_of(made, ASKED, standing, draw)]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(mounts=("openai",)), True),
        (Match(mounts=("groq",)), False),
        (Match(models=("gpt-*",)), True),
        (Match(models=("gpt-4o",)), True),
        (Match(models=("gpt-4",)), False),
        (Match(models=("*-4o", "x")), True),
        (Match(models=("g.t-4o",)), False),
        (Match(operations=("chat", "responses")), True),
        (Match(operations=("embeddings",)), False),
        (Match(projects=("p",), keys=("k",), features=("search",)), True),
        (Match(projects=("p",), keys=("other",)), False),
        (Match(environments=("staging",)), False),
    ],
)
def test_a_route_is_for_what_every_one_of_its_lists_holds(match: Match, fits: bool) -> None:
    made = route(match=match)
    assert route_for((made,), ASKED) is (made if fits else DEFAULT_ROUTE)


def test_a_route_for_some_models_is_for_no_request_without_a_model() -> None:
    nameless = msgspec.structs.replace(ASKED, model=None)
    assert route_for((route(match=Match(models=("*",))),), nameless) is DEFAULT_ROUTE


def test_the_first_enabled_route_that_matches_is_followed() -> None:
    off = route(enabled=False)
    first, second = route(match=Match(models=("gpt-*",))), route()
    assert route_for((off, first, second), ASKED) is first


@pytest.mark.parametrize(
    ("patterns", "model", "allowed"),
    [
        ((), None, True), ((), "x", True), (("gpt-*",), "gpt-4o", True), (("gpt-*",), None, False),
        (("gpt-*",), "xgpt-4o", False), (("*",), "a\nb", True), (("[a-z]",), "b", False),
    ],
)  # fmt: skip
def test_patterns_of_models_know_one_sign_only(
    patterns: tuple[str, ...], model: str | None, allowed: bool
) -> None:
    assert model_allowed(patterns, model) is allowed


A, B, C = Target(model="a"), Target(model="b"), Target(model="c")


def test_targets_are_tried_as_listed_and_those_cut_off_last() -> None:
    assert order((A, B, C)) == ["a", "b", "c"]
    assert order((A, B, C), standing=lambda t: Standing(open=t.model == "a")) == ["b", "c", "a"]


def test_what_a_target_leaves_open_is_what_was_asked() -> None:
    found = targets_of(
        route(targets=(Target(mount="groq"),)), ASKED, lambda _: Standing(), lambda: 0
    )
    assert found == (Target("groq", "gpt-4o"),)
    assert targets_of(route(), ASKED, lambda _: Standing(), lambda: 0) == (
        Target("openai", "gpt-4o"),
    )


@given(
    weights=st.lists(st.integers(0, 5), min_size=2, max_size=5),
    open_=st.lists(st.booleans(), min_size=5, max_size=5),
    point=st.floats(0, 1, exclude_max=True),
)
def test_a_draw_by_weight_loses_and_doubles_no_target(
    weights: list[int], open_: list[bool], point: float
) -> None:
    targets = tuple(Target(model=str(n), weight=w) for n, w in enumerate(weights))
    found = order(
        targets, "weighted", lambda t: Standing(open=open_[int(t.model or 0)]), lambda: point
    )
    assert sorted(found, key=str) == [str(n) for n in range(len(weights))]
    told = [open_[int(name or 0)] for name in found]
    assert told == sorted(told)
    if any(w and not o for w, o in zip(weights, open_, strict=False)):
        assert weights[int(found[0] or 0)] > 0


def test_draws_follow_the_weights() -> None:
    draw = random.Random(7).random
    targets = (
        Target(model="a", weight=3),
        Target(model="b", weight=1),
        Target(model="c", weight=0),
    )
    counts = Counter(order(targets, "weighted", draw=draw)[0] for _ in range(4_000))
    assert counts["c"] == 0
    assert 2_800 < counts["a"] < 3_200


def test_the_soonest_and_the_cheapest_come_first() -> None:
    pace = {"a": 0.5, "b": 0.2, "c": None}
    assert order((A, B, C), "lowest_latency", lambda t: Standing(latency_s=pace[t.model or ""])) == [
        "c", "b", "a",
    ]  # fmt: skip
    cost = {"a": Decimal("0.2"), "b": None, "c": Decimal("0.1")}
    assert order((A, B, C), "lowest_cost", lambda t: Standing(cost_usd=cost[t.model or ""])) == [
        "c", "a", "b",
    ]  # fmt: skip


# Whether and when again.


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ([], b"", None),
        ([("retry-after-ms", "1500"), ("retry-after", "9")], b"", 1.5),
        ([("retry-after", "2")], b"", 2.0),
        ([("retry-after", " 0.25 ")], b"", 0.25),
        ([("retry-after", "Fri, 20 Nov 2026 12:00:30 GMT")], b"", 30.0),
        ([("retry-after", "Fri, 20 Nov 2026 11:00:00 GMT")], b"", 0.0),
        ([("retry-after", "soon")], b"", None),
        ([("retry-after", "-5")], b"", None),
        ([("retry-after", "nan")], b"", None),
        ([("retry-after", "9" * 400)], b"", None),
        ([("retry-after-ms", "x"), ("retry-after", "3")], b"", 3.0),
        ([], b'{"error":{"details":[{"retryDelay": "13.5s"}]}}', 13.5),
        ([("retry-after", "1")], b'{"retryDelay":"13s"}', 1.0),
    ],
)
def test_the_pause_is_what_the_provider_says(
    headers: list[tuple[str, str]], body: bytes, wait_s: float | None
) -> None:
    assert wait_of(headers, NOW, body) == wait_s


@pytest.mark.parametrize(
    ("value", "advice"), [("true", True), ("False ", False), ("maybe", None), (None, None)]
)
def test_advice_is_yes_no_or_nothing(value: str | None, advice: bool | None) -> None:
    assert advice_of([] if value is None else [("x-should-retry", value)]) is advice


@pytest.mark.parametrize(
    ("status", "advice", "code", "setback"),
    [
        (500, None, None, Setback()),
        (400, None, None, None),
        (400, True, None, Setback()),
        (500, False, None, Setback(same_key=False)),
        (429, None, "rate_limit_exceeded", Setback(of_the_key=True)),
        (429, None, "insufficient_quota", Setback(same_key=False, of_the_key=True)),
        (429, True, "enforced_spend_limit_reached", Setback(same_key=False, of_the_key=True)),
        (200, None, None, None),
    ],
)
def test_what_a_failure_means_for_another_attempt(
    status: int, advice: bool | None, code: str | None, setback: Setback | None
) -> None:
    assert setback_of(Retry(), status, advice, None, code) == setback


@pytest.mark.parametrize("code", sorted(NEVER))
def test_no_word_of_the_provider_brings_spent_money_back(code: str) -> None:
    for advice in (True, None):
        setback = setback_of(Retry(), 429, advice, 0.1, code)
        assert setback is not None
        assert not setback.same_key


def test_pauses_double_and_are_bounded() -> None:
    retry = Retry(backoff_ms=500, max_backoff_ms=3_000)
    assert [backoff_s(retry, n, 0.0) for n in (1, 2, 3, 4, 1_000)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff_s(retry, 1, 0.999) >= 0.375


def test_a_route_survives_its_journey_to_the_gateway() -> None:
    made = route(targets=(A, Target(mount="groq", weight=0)), retry=Retry(tries=3, lost=True))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Route) == made
    assert KeyDefaults() == msgspec.msgpack.decode(
        msgspec.msgpack.encode(KeyDefaults()), type=KeyDefaults
    )
