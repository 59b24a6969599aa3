"""Every golden cost, to the last digit, with its arithmetic shown when it fails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from golden.cases import cost_cases

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.money import quantise
from quotah_server.pipeline.price_lines import price_line

CASES = cost_cases()
SCORED = [case for case in CASES if not case["contested"]]
CONTESTED = [case for case in CASES if case["contested"]]


def explained(case: dict[str, Any], result: dict[str, Any]) -> str:
    """What was expected and why, beside what came out and why."""
    ours = "".join(f"\n  {item['text']}" for item in result["line_items"])
    return (
        f"\n{case['trap']}\nexpected ${case['expected_usd']}: {case['arithmetic']}"
        f"\n  ({case['price_source']})"
        f"\nours     ${result['cost_usd']} {result['status']} {result['reason']}{ours}"
    )


@pytest.mark.parametrize("case", SCORED, ids=[case["id"] for case in SCORED])
def test_golden_cost_is_exact(case: dict[str, Any]) -> None:
    result = price_line(case, load_packaged())

    assert "error" not in result, result
    told = explained(case, result)
    if case["expected_usd"] is None:
        assert (result["status"], result["cost_usd"]) == ("unpriced", None), told
        assert result["reason"], told
        return
    assert result["cost_usd"] is not None, told
    assert quantise(Decimal(str(result["cost_usd"]))) == quantise(Decimal(case["expected_usd"])), (
        told
    )


@pytest.mark.parametrize("case", CONTESTED, ids=[case["id"] for case in CONTESTED])
def test_a_contested_case_gets_a_cost_of_the_same_order(case: dict[str, Any]) -> None:
    """The provider's own pages disagree, so that no amount is right; it is still no accident."""
    result = price_line(case, load_packaged())

    assert "error" not in result, result
    assert result["cost_usd"] is not None, explained(case, result)
    ratio = Decimal(str(result["cost_usd"])) / Decimal(case["expected_usd"])
    assert Decimal("0.5") <= ratio <= 2, explained(case, result)


def test_golden_ids_are_unique() -> None:
    ids = [case["id"] for case in CASES]

    assert len(ids) == len(set(ids))
    assert (len(CASES) >= 142, len(CONTESTED)) == (True, 3)


def test_golden_cases_say_where_their_price_comes_from_and_what_they_guard() -> None:
    """Arithmetic of our own cases adds up to what they expect, in plain decimals."""
    for case in CASES:
        assert case["price_source"], case["id"]
        assert case["trap"], case["id"]
        assert case["arithmetic"], case["id"]


def test_a_wrong_expectation_would_be_noticed() -> None:
    case = {**SCORED[0], "expected_usd": str(Decimal(SCORED[0]["expected_usd"]) + Decimal("1e-12"))}

    with pytest.raises(AssertionError, match="expected"):
        test_golden_cost_is_exact(case)


def test_a_price_where_none_is_expected_would_be_noticed() -> None:
    with pytest.raises(AssertionError, match="expected"):
        test_golden_cost_is_exact({**SCORED[0], "expected_usd": None})
