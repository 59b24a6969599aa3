"""Inner calls, least quantities, free allowances: what is billed otherwise than units × rates."""

from __future__ import annotations

from decimal import Decimal

import pytest
from catalog.books import book_of, model, priced, rates
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.catalog.book import Book, Period, Tiered
from quotah_server.domain.event import Price
from quotah_server.domain.usage import InnerUsage, Usage

TIERED = {
    "input": Tiered(Decimal(1), {100: Decimal(2)}),
    "output": Tiered(Decimal(5), {100: Decimal(9)}),
}
BOOK = book_of(
    model("m", Period({**TIERED, **rates(web_search="10")})),
    model("helper", Period(rates(input="3", output="4", cache_read="1"))),
    model("fee", Period(rates(input="1", request="5"))),
)


def called(units: dict[str, int], *inner: InnerUsage, name: str = "m", book: Book = BOOK) -> Price:
    return priced(book, {}, name=name, usage=Usage(units, inner=inner))


def lines(result: Price) -> list[tuple[str, int, int, str]]:
    return [(item.unit, item.quantity, int(item.rate_usd), item.model) for item in result.items]


def test_each_inner_call_is_priced_by_its_own_size() -> None:
    result = called(
        {"input": 190, "output": 20},
        InnerUsage({"input": 95, "output": 10}),
        InnerUsage({"input": 95, "output": 10}),
    )

    assert lines(result) == [
        ("input", 95, 1, ""), ("output", 10, 5, ""), ("input", 95, 1, ""), ("output", 10, 5, ""),
    ]  # fmt: skip
    assert lines(called({"input": 190, "output": 20})) == [
        ("input", 190, 2, ""),
        ("output", 20, 9, ""),
    ]


def test_each_inner_call_is_priced_by_its_own_model() -> None:
    result = called(
        {"input": 60, "cache_read": 5, "output": 8},
        InnerUsage({"input": 50, "output": 8}, "m"),
        InnerUsage({"input": 10, "cache_read": 5}, "helper"),
    )

    assert lines(result) == [
        ("input", 50, 1, ""), ("output", 8, 5, ""), ("input", 10, 3, "helper"),
        ("cache_read", 5, 1, "helper"),
    ]  # fmt: skip


def test_what_no_inner_call_holds_belongs_to_the_call() -> None:
    result = called({"input": 60, "web_search": 2}, InnerUsage({"input": 60}, "helper"))

    assert lines(result) == [("input", 60, 3, "helper"), ("web_search", 2, 10, "")]


def test_the_rest_is_measured_by_itself_too() -> None:
    result = called({"input": 150}, InnerUsage({"input": 80}))

    assert lines(result) == [("input", 80, 1, ""), ("input", 70, 1, "")]


def test_inner_calls_that_exceed_the_whole_are_not_believed() -> None:
    result = called({"input": 10}, InnerUsage({"input": 8}), InnerUsage({"input": 8}))

    assert result.cost_usd is None
    assert result.reason == (
        "the reported usage cannot be trusted: inner calls exceed the whole in input"
    )


def test_an_inner_call_of_an_unknown_model_leaves_the_call_unpriced() -> None:
    result = called({"input": 10}, InnerUsage({"input": 8}, "unheard"))

    assert (result.status, result.items) == ("unpriced", ())
    assert result.reason == "no price known for model 'unheard' of acme"


def test_a_fee_per_request_is_for_the_call_and_not_for_what_it_is_made_of() -> None:
    result = called({"input": 10}, InnerUsage({"input": 5}), InnerUsage({"input": 5}), name="fee")

    assert lines(result) == [("input", 5, 1, ""), ("input", 5, 1, ""), ("request", 1, 5, "")]


PARTS = st.dictionaries(st.sampled_from(["input", "output", "cache_read"]), st.integers(0, 10**6))


@given(st.lists(PARTS, max_size=5))
def test_splitting_a_call_of_a_flat_rate_changes_nothing(parts: list[dict[str, int]]) -> None:
    whole: dict[str, int] = {}
    for part in parts:
        for unit, count in part.items():
            whole[unit] = whole.get(unit, 0) + count

    split = called(whole, *(InnerUsage(part) for part in parts), name="helper")

    assert split.cost_usd == called(whole, name="helper").cost_usd


LEAST = book_of(
    model("m", Period(rates(audio_second="0.04", input="1")), minimum={"audio_second": 10})
)


@pytest.mark.parametrize(
    ("heard", "billed"), [(0, None), (1, 10), (9, 10), (10, 10), (11, 11), (3600, 3600)]
)
def test_a_least_quantity_is_billed_per_request(heard: int, billed: int | None) -> None:
    result = priced(LEAST, {"audio_second": heard, "input": 3})

    seconds = [item for item in result.items if item.unit == "audio_second"]
    assert [item.quantity for item in seconds] == ([] if billed is None else [billed])
    assert all(item.rule.endswith(", the least billed") == (heard < 10) for item in seconds)


GROUNDED = book_of(model("m", Period(rates(input="2", grounding_query="14"))))


@pytest.mark.parametrize(
    ("told", "cost"), [(True, "0.042002"), (None, "0.042002"), (False, "0.000002"), ("no", "0.042002")]
)  # fmt: skip
def test_grounding_is_free_only_where_the_allowance_is_known_to_last(
    told: object, cost: str
) -> None:
    extras = {} if told is None else {"free_allowance_exhausted": told}

    result = priced(GROUNDED, {"input": 1, "grounding_query": 3}, extras=extras)

    assert result.cost_usd == Decimal(cost)
    free = [item for item in result.items if item.rule == "within the free allowance"]
    assert [(item.unit, item.quantity, item.amount_usd) for item in free] == (
        [("grounding_query", 3, 0)] if told is False else []
    )


def test_no_token_is_free_because_an_allowance_lasts() -> None:
    result = priced(GROUNDED, {"output": 3}, extras={"free_allowance_exhausted": False})

    assert result.reason == "no rate known for output"
