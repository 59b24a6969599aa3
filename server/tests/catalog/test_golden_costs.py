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


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_golden_cost_is_exact(case: dict[str, Any]) -> None:
    result = price_line(case, load_packaged())

    assert "error" not in result, result
    ours = "\n  ".join(item["text"] for item in result["line_items"])
    explained = (
        f"\n{case['trap']}\nexpected ${case['expected_usd']}: {case['arithmetic']}"
        f"\n  ({case['price_source']})\nours     ${result['cost_usd']} {result['reason']}\n  {ours}"
    )
    assert result["cost_usd"] is not None, explained
    assert quantise(Decimal(result["cost_usd"])) == quantise(Decimal(case["expected_usd"])), (
        explained
    )


def test_golden_ids_are_unique() -> None:
    ids = [case["id"] for case in CASES]

    assert len(ids) == len(set(ids)) >= 62


def test_a_wrong_expectation_would_be_noticed() -> None:
    case = {**CASES[0], "expected_usd": str(Decimal(CASES[0]["expected_usd"]) + Decimal("1e-12"))}

    with pytest.raises(AssertionError, match="expected"):
        test_golden_cost_is_exact(case)
