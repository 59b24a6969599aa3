"""The conformance run says what is wrong, and fails when anything is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RUN = Path(__file__).parents[2] / "bench/conformance/run.py"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; what it puts on the path is taken off again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("conformance_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("expected", "cost", "verdict"),
    [
        ("0.0105", "0.0105", "exact"),
        ("0.0105", "0.010500000000", "exact"),
        ("0.000111111111111", "0.00011111111111111111", "exact"),
        ("0.0105", "0.010500000001", "wrong"),
        ("0.0105", "0", "wrong"),
        ("0", "0", "exact"),
        ("0.0105", None, "unpriced"),
        (None, None, "exact"),
        (None, "0", "wrong"),
    ],
)
def test_a_cost_is_judged_to_the_last_digit(
    run: ModuleType, expected: str | None, cost: str | None, verdict: str
) -> None:
    assert run.verdict({"expected_usd": expected}, cost) == verdict


def test_binary_floats_are_allowed_their_rounding_and_no_more(run: ModuleType) -> None:
    case, slack = {"expected_usd": "0.1"}, run.Decimal("1e-9")
    assert run.verdict(case, "0.09999999999", slack) == "exact"
    assert run.verdict(case, "0.0999999", slack) == "wrong"


def test_one_wrong_case_fails_the_run_and_shows_its_arithmetic(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = run.cases_of("collected")[:2]
    wrong: dict[str, Any] = {**cases[1], "expected_usd": "0.123"}
    monkeypatch.setattr(run, "cases_of", lambda _: [cases[0], wrong])
    monkeypatch.setattr(run, "usage_samples", dict)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"{wrong['id']}: expected 0.123" in told
    assert wrong["arithmetic"] in told


def test_what_a_library_sees_holds_no_expectation(run: ModuleType) -> None:
    assert set(run._GIVEN) & {"expected_usd", "arithmetic", "trap", "note", "price_source"} == set()
