"""Every golden cost and usage sample through ``quotah price``; beside other libraries when asked.

    make conformance
    .venv/bin/python bench/conformance/run.py --with genai-prices litellm

Exit status 1 when any of our results differs. The other libraries are installed into throw-away
environments and asked twice: with the answer and the day alone, and with every hint that their
interface takes (adapters/). Costs are compared after rounding to 1e-12 USD; LiteLLM computes in binary
floats and is allowed one part in 1e9. Contested cases (the provider's own pages disagree) are not
scored; what a library cannot be asked at all (raw streams, prices of one's own) does not count
against it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "server/tests")]

from golden.cases import HERE as GOLDEN
from golden.cases import usage_samples
from lab.environments import LIBRARIES, environment
from lab.report import machine, save, table
from providers.test_usage_samples import NOT_IN_THE_DATA, read

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book, load_packaged
from quotah_server.domain.money import quantise
from quotah_server.pipeline.price_lines import price_line

SETS = {"collected": "costs.jsonl", "of our own": "own_costs.jsonl"}
"""The cases that were collected before Quotah priced anything, and those written with it."""
_GIVEN = ("id", "provider", "model", "date", "api_flavor", "context", "response")
"""What of a case a library gets to see."""
_THEIR_NAMES = {"gemini": "google", "bedrock": "aws", "xai": "x-ai"}
_SLACK = {"litellm": Decimal("1e-9")}
Case = dict[str, Any]


def cases_of(name: str) -> list[Case]:
    """The scored cases of a set."""
    text = (GOLDEN / SETS[name]).read_text(encoding="utf-8")
    found = [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
    return [{**case, "provider": provider_of(case)} for case in found if not case["contested"]]


def provider_of(case: Case) -> str:
    """A case's provider by the one name that both libraries' adapters know it by."""
    name = canonical(case["provider"])
    return _THEIR_NAMES.get(name, name)


def verdict(case: Case, cost: str | None, slack: Decimal = Decimal(0)) -> str:
    """exact, wrong, or unpriced: no cost where there is one. No cost where none is known is exact."""
    if case["expected_usd"] is None or cost is None:
        return "exact" if case["expected_usd"] == cost else "wrong" if cost else "unpriced"
    expected = Decimal(case["expected_usd"])
    near = abs(Decimal(cost) - expected) <= abs(expected) * slack
    return "exact" if near or quantise(Decimal(cost)) == quantise(expected) else "wrong"


def ours(cases: list[Case], book: Book) -> dict[str, dict[str, Any]]:
    """Our cost of each case, by id."""
    found: dict[str, dict[str, Any]] = {}
    for case in cases:
        result = price_line(case, book)
        cost = result.get("cost_usd")
        found[case["id"]] = {
            "cost_usd": cost,
            "verdict": verdict(case, None if cost is None else str(cost)),
            "arithmetic": [item["text"] for item in result.get("line_items", ())],
            "reason": result.get("reason") or result.get("error"),
        }
    return found


def samples(book: Book) -> dict[str, str]:
    """Our reading of each usage sample: exact, or what differs."""
    found: dict[str, str] = {}
    for name, sample in usage_samples().items():
        result = price_line({**sample, "id": name}, book)
        wrong: list[str] = []
        for key, expected in sample["expected_normalized"].items():
            if key in NOT_IN_THE_DATA.get(name, ()):
                continue
            got = (
                f"no answer ({result['error']})" if "error" in result else read(result, sample, key)
            )
            if got != expected:
                wrong.append(f"{key}: {got!r} instead of {expected!r}")
        found[name] = "; ".join(wrong) or "exact"
    return found


def theirs(library: str, python: Path, cases: list[Case]) -> dict[str, Any]:
    """A library's answers, by its adapter, in its environment."""
    lines = "".join(
        json.dumps({key: case[key] for key in _GIVEN}, default=float) + "\n" for case in cases
    )
    adapter = HERE / "adapters" / f"{library.replace('-', '_')}.py"
    done = subprocess.run(
        [python, adapter], input=lines, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{adapter.name} failed:\n{done.stderr[-2000:]}")
    first, *rest = [json.loads(line) for line in done.stdout.splitlines()]
    by_id = {row["id"]: row for row in rest}
    slack = _SLACK.get(library, Decimal(0))
    for case in cases:
        row = by_id[case["id"]]
        for way in ("raw", "hinted"):
            if way in row:
                row[way]["verdict"] = verdict(case, row[way]["cost_usd"], slack)
    return {"version": first["version"], "cases": by_id}


def main() -> None:
    parser = argparse.ArgumentParser(description="Golden costs and usage samples.")
    parser.add_argument("--with", dest="libraries", nargs="+", choices=LIBRARIES, default=[])
    wanted = parser.parse_args()
    book = load_packaged()
    by_set = {name: cases_of(name) for name in SETS}
    result: dict[str, Any] = {
        "machine": machine(), "price_version": book.version,
        "ours": {name: ours(cases, book) for name, cases in by_set.items()},
        "samples": samples(book),
    }  # fmt: skip
    if wanted.libraries:
        result["libraries"] = compared(wanted.libraries, by_set)
    wrong = show(result, by_set)
    if wanted.libraries:
        save(__file__, result)
    raise SystemExit(1 if wrong else 0)


def compared(libraries: list[str], by_set: dict[str, list[Case]]) -> dict[str, Any]:
    """Each library's answers to each set."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="quotah-conformance-") as folder:
        for library in libraries:
            python = environment(Path(folder), library)
            found[library] = {
                name: theirs(library, python, cases) for name, cases in by_set.items()
            }
    return found


def show(result: dict[str, Any], by_set: dict[str, list[Case]]) -> int:
    """Print the tables and what differs; tells how much of ours does."""
    wrong = 0
    for name, cases in by_set.items():
        rows = result["ours"][name]
        by_provider(
            f"Cost cases, {name}", cases, lambda case, rows=rows: rows[case["id"]]["verdict"]
        )
        for case in cases:
            found = rows[case["id"]]
            if found["verdict"] != "exact":
                wrong += 1
                print(
                    f"\n  {case['id']}: expected {case['expected_usd']}, got {found['cost_usd']}"
                    f" {found['reason'] or ''}\n    {case['trap']}\n    {case['arithmetic']}"
                )
                for line in found["arithmetic"]:
                    print(f"    ours: {line}")
    differing = {name: text for name, text in result["samples"].items() if text != "exact"}
    count = len(result["samples"])
    table("Usage samples", ["", ""], [["exact", f"{count - len(differing)} of {count}"]])
    for name, text in differing.items():
        print(f"\n  {name}: {text}")
    if "libraries" in result:
        side_by_side(result, by_set)
    return wrong + len(differing)


def by_provider(title: str, cases: list[Case], judged: Callable[[Case], str]) -> None:
    """Cases, exact, wrong, unpriced: a line a provider, and all."""
    names = sorted({case["provider"] for case in cases})
    rows: list[list[str]] = []
    for name in (*names, "all"):
        found = [judged(case) for case in cases if name in (case["provider"], "all")]
        counts = [found.count(kind) for kind in ("exact", "wrong", "unpriced")]
        rows.append([name, str(len(found)), *map(str, counts)])
    table(title, ["provider", "cases", "exact", "wrong", "unpriced"], rows)


def side_by_side(result: dict[str, Any], by_set: dict[str, list[Case]]) -> None:
    """Ours beside theirs, on the cases that each can be asked."""
    rows: list[list[str]] = []
    for name, cases in by_set.items():
        exact = sum(result["ours"][name][case["id"]]["verdict"] == "exact" for case in cases)
        rows.append([f"Quotah, cases {name}", f"{exact} of {len(cases)}", "", "0"])
        for library, answers in result["libraries"].items():
            found = answers[name]["cases"]
            asked = [row for row in found.values() if row["not_applicable"] is None]
            scores = [
                f"{sum(row[way]['verdict'] == 'exact' for row in asked)} of {len(asked)}"
                for way in ("raw", "hinted")
            ]
            told = f"{library} {answers[name]['version']}, cases {name}"
            rows.append([told, *scores, str(len(found) - len(asked))])
    table("Exact costs", ["", "answer and day", "with every hint", "not applicable"], rows)
    for library, answers in result["libraries"].items():
        for name in by_set:
            found = answers[name]["cases"].values()
            failing = [
                f"{row['id']} ({row['hinted']['verdict']})"
                for row in found
                if row["not_applicable"] is None and row["hinted"]["verdict"] != "exact"
            ]
            print(f"\n  {library}, {name}, not exact with every hint: {', '.join(failing)}")


if __name__ == "__main__":
    main()
