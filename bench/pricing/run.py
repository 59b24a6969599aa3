"""Events priced per second and core, and what a price list costs to load: ours, genai-prices, LiteLLM.

    .venv/bin/python bench/pricing/run.py [--rounds 15] [--seconds 1]

The golden cases that all three price exactly from the answer, the day and the tier, so that all do
the same work; each library in a process and a throw-away environment of its own. The processes take
turns, so that what else the machine does meets all alike; CPU time is counted, one core. *price* begins
with usage that was read before, *read and price* with the provider's usage object; LiteLLM has one
function for both. Loading: from a bare interpreter to the first price, imports included; memory is what
the process grew by.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "server/tests")]

from conformance.run import provider_of
from golden.cases import cost_cases
from lab.environments import environment
from lab.report import figure, machine, middle, save, table

WAYS = ("price", "read and price")
OURS = "Quotah"
LIBRARIES = ("genai-prices", "litellm")
_GIVEN = ("id", "provider", "model", "date", "api_flavor", "context", "response")


class Worker:
    """A library in its process."""

    def __init__(self, name: str, python: Path) -> None:
        self.name, self.python = name, python
        self.script = HERE / "workers" / f"{name.lower().replace('-', '_')}_worker.py"
        self._process = subprocess.Popen(
            [python, self.script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def first(self, case: dict[str, Any]) -> dict[str, float]:
        """A fresh process: what loading costs."""
        done = subprocess.run(
            [self.python, self.script, "first", json.dumps(case)],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Pricing speed, load time, memory.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time of each turn")
    parser.add_argument("--loads", type=int, default=7)
    wanted = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "rounds": wanted.rounds, "versions": {}}
    with tempfile.TemporaryDirectory(prefix="quotah-pricing-") as name:
        folder = Path(name)
        pythons = {OURS: Path(sys.executable)}
        pythons |= {library: environment(folder, library) for library in LIBRARIES}
        scored = [case for case in cost_cases() if not case["contested"]]
        expected = {case["id"]: case["expected_usd"] for case in scored}
        cases = [
            {**{key: case[key] for key in _GIVEN}, "provider": provider_of(case)} for case in scored
        ]
        lines = "".join(json.dumps(case, default=float) + "\n" for case in cases)
        (folder / "cases.jsonl").write_text(lines, encoding="utf-8")
        workers = [Worker(name, python) for name, python in pythons.items()]
        told = {one.name: one.ask(cases=str(folder / "cases.jsonl")) for one in workers}
        exact = [
            {name for name, cost in found["priced"].items() if is_exact(expected[name], cost)}
            for found in told.values()
        ]
        common = sorted(set.intersection(*exact))
        result["versions"] = {name: found["version"] for name, found in told.items()}
        result["exact"] = {name: len(ids) for name, ids in zip(told, exact, strict=True)}
        result["cases"] = common
        for worker in workers:
            worker.ask(ids=common)
        result["speed"] = speed(workers, wanted.rounds, wanted.seconds)
        for worker in workers:
            worker.close()
        plain = next(case for case in cases if case["id"] == "oai-04-mini-cache-precision")
        result["load"] = loads(workers, plain, wanted.loads)
    show(result)
    save(__file__, result)


def is_exact(expected: str | None, cost: str) -> bool:
    """Whether a cost is right, to what a binary float holds."""
    if expected is None:
        return False
    return abs(Decimal(cost) - Decimal(expected)) <= Decimal(expected) * Decimal("1e-9")


def speed(workers: list[Worker], rounds: int, seconds: float) -> dict[str, dict[str, list[float]]]:
    """Microseconds of CPU an event, by library and way; one turn each to warm up."""
    found = {worker.name: {way: [] for way in WAYS} for worker in workers}
    for number in range(rounds + 1):
        turn = number % len(workers)
        for worker in workers[turn:] + workers[:turn]:
            for way in WAYS:
                took = worker.ask(way=way, seconds=seconds)
                if number:
                    found[worker.name][way].append(took["cpu_s"] / took["events"] * 1e6)
    return found


def loads(
    workers: list[Worker], case: dict[str, Any], rounds: int
) -> dict[str, dict[str, list[float]]]:
    """What the first price costs, by library; the first round fills the file cache and is dropped."""
    found: dict[str, dict[str, list[float]]] = {worker.name: {} for worker in workers}
    for number in range(rounds + 1):
        for worker in workers:
            for name, value in worker.first(case).items():
                if number:
                    found[worker.name].setdefault(name, []).append(value)
    return found


def show(result: dict[str, Any]) -> None:
    """Print medians with their spread, and ratios of medians."""
    names = list(result["speed"])
    told = [f"{name} {result['versions'][name]}" for name in names]
    rows: list[list[str]] = []
    for way in WAYS:
        us = {name: result["speed"][name][way] for name in names}
        rows.append([f"{way}, us/event", *(figure(us[name]) for name in names)])
        rows.append(
            [f"{way}, events/s and core", *(f"{1e6 / middle(us[name]):,.0f}" for name in names)]
        )
        ours = middle(us[OURS])
        rows.append(
            ["  ours is faster by", *(f"{middle(us[name]) / ours:.1f} x" for name in names)]
        )
    table(f"Pricing {len(result['cases'])} golden cases in turn", ["", *told], rows)
    load = result["load"]
    scales = {"wall_s": ("first price, ms", 1e3), "cpu_s": ("CPU of it, ms", 1e3),
              "rss_mb": ("grown by, RSS MB", 1.0), "uss_mb": ("grown by, unshared MB", 1.0)}  # fmt: skip
    table(
        "From a bare interpreter to the first price",
        ["", *told],
        [
            [label, *(figure([value * scale for value in load[name][key]]) for name in names)]
            for key, (label, scale) in scales.items()
        ],
    )


if __name__ == "__main__":
    main()
