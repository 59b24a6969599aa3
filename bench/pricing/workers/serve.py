"""What the workers share: a library under measurement in a process of its own, told what to do by
JSON lines. Knows the standard library alone, since it runs in every environment.

    {"cases": "path"}                  → {"version": …, "priced": {id: cost}}
    {"ids": […]}                       → {}
    {"way": "price", "seconds": 1.0}   → {"events": n, "cpu_s": …}
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Case = dict[str, Any]
Priced = Callable[[], object]
"""Prices one case once."""
_LEAST_S = 0.05


def serve(version: str, prepare: Callable[[Case], dict[str, Priced]]) -> None:
    """Answer commands until there are no more. prepare: of a case, the ways to price it, each ready to
    run; raises for a case that the library does not price."""
    out, sys.stdout = sys.stdout, sys.stderr
    ready: dict[str, dict[str, Priced]] = {}
    chosen: list[dict[str, Priced]] = []
    for line in sys.stdin:
        asked = json.loads(line)
        told: dict[str, Any] = {}
        if "cases" in asked:
            ready = _ready(asked["cases"], prepare)
            costs = {name: str(_amount(ways["price"]())) for name, ways in ready.items()}
            told = {"version": version, "priced": costs}
        elif "ids" in asked:
            chosen = [ready[name] for name in asked["ids"]]
        else:
            told = _run([ways[asked["way"]] for ways in chosen], asked["seconds"])
        print(json.dumps(told), file=out, flush=True)


def _ready(path: str, prepare: Callable[[Case], dict[str, Priced]]) -> dict[str, dict[str, Priced]]:
    found: dict[str, dict[str, Priced]] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        try:
            ways = prepare(case)
            if all(run() is not None for run in ways.values()):
                found[case["id"]] = ways
        except Exception:  # noqa: BLE001 -- what it does not price is left out for all
            continue
    return found


def _amount(priced: Any) -> object:
    """The cost in what a way gives back: a number, or an object that has it."""
    for name in ("cost_usd", "total_price"):
        priced = getattr(priced, name, priced)
    return priced


def _run(jobs: list[Priced], seconds: float) -> dict[str, float]:
    """Price all cases in turn for so many seconds of CPU."""
    events, began = 0, time.process_time()
    while True:
        for job in jobs:
            job()
        events += len(jobs)
        took = time.process_time() - began
        if took >= max(seconds, _LEAST_S):
            return {"events": events, "cpu_s": took}


def memory_mb() -> dict[str, float]:
    """Resident and unshared memory of this process, MB (10^6 bytes)."""
    found = {"rss": 0, "uss": 0}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "Rss":
            found["rss"] += int(rest.split()[0])
        elif name in ("Private_Clean", "Private_Dirty"):
            found["uss"] += int(rest.split()[0])
    return {name: kb * 1024 / 1e6 for name, kb in found.items()}


def first(price: Callable[[Case], object]) -> None:
    """Time and memory from a bare interpreter to the first price; the imports are inside ``price``."""
    case = json.loads(sys.argv[2])
    before, began, cpu = memory_mb(), time.perf_counter(), time.process_time()
    price(case)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    after = memory_mb()
    grown = {f"{name}_mb": after[name] - before[name] for name in after}
    sys.__stdout__.write(json.dumps({"wall_s": took, "cpu_s": cpu, **grown}) + "\n")  # type: ignore[union-attr]
