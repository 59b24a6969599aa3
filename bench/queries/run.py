"""The Overview's questions over HTTP, on 1,000,000 seeded events.

    .venv/bin/python bench/queries/run.py [--events 1000000] [--rounds 15]

Warm: every request asks for a period that nobody asked for before (it ends some milliseconds earlier
each time), so that the engine computes every answer. Repeated: the same question again. Cold: the
page as the first thing after a start, with the operating system's file cache dropped where we may.
A page is its five requests side by side, as the browser sends them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import processes
from lab.instance import Instance
from lab.report import figure, machine, middle, save, table

ZONE = "Europe/Berlin"
END = datetime(2026, 11, 18, tzinfo=UTC)
DAYS = 90
PERIODS = {"24 h": 1, "7 days": 7, "30 days": 30, "90 days": 90}
GRAINS = {1: "hour", 7: "hour", 30: "day", 90: "day"}
CARDS = [
    "cost", "requests", "input_tokens", "output_tokens", "success_rate", "latency_p50",
    "latency_p95",
]  # fmt: skip
BY_MODEL = ["cost", "requests", "input_tokens", "output_tokens", "success_rate", "latency_p95"]


def questions(days: int, end: datetime) -> dict[str, dict[str, Any]]:
    """What the Overview asks for a period."""
    period = {"from": (end - timedelta(days=days)).isoformat(), "to": end.isoformat()}
    common: dict[str, Any] = {"period": period, "timezone": ZONE}
    model = {"dimensions": ["provider", "model"], "order": [{"field": "cost", "desc": True}]}
    grain = {"grain": GRAINS[days], "totals": False}
    return {
        "cards": {**common, "metrics": [*CARDS, "unpriced_requests"], "compare": "previous_period"},
        "trends": {**common, **grain, "metrics": CARDS},
        "cost by model": {**common, **grain, **model, "metrics": ["cost"], "limit": 8, "other": True},
        "models": {
            **common, **model, "metrics": BY_MODEL, "compare": "previous_period", "limit": 100,
            "totals": False,
        },
    }  # fmt: skip


class Page:
    """Sends the questions; no two periods are alike unless wanted."""

    def __init__(self, instance: Instance, token: str) -> None:
        self._instance = instance
        self._token = token
        self._shift = 0

    def fresh_end(self) -> datetime:
        """An end that was not asked for yet."""
        self._shift += 1
        return END - timedelta(milliseconds=self._shift)

    def ask(self, question: dict[str, Any]) -> float:
        """Milliseconds until the answer is there; raises when it has no rows."""
        began = time.perf_counter()
        answer = self._instance.post("/api/v1/query", question, self._token)
        took = (time.perf_counter() - began) * 1000
        if not answer["rows"]:
            raise RuntimeError(f"no rows: {question}")
        return took

    def latest(self) -> float:
        """Milliseconds until the latest calls are there."""
        began = time.perf_counter()
        path = f"/api/v1/runs?{urlencode({'limit': 10})}"
        self._instance.get(self._instance.api_port, path, self._token)
        return (time.perf_counter() - began) * 1000

    def load(self, days: int) -> float:
        """Milliseconds until the whole page is there."""
        asked = questions(days, self.fresh_end()).values()
        jobs: list[Callable[[], float]] = [self.latest, *(partial(self.ask, one) for one in asked)]
        began = time.perf_counter()
        with ThreadPoolExecutor(len(jobs)) as pool:
            for job in [pool.submit(job) for job in jobs]:
                job.result()
        return (time.perf_counter() - began) * 1000


def warm(page: Page, rounds: int) -> dict[str, Any]:
    """Computed and repeated answers, and the page, by period."""
    found: dict[str, Any] = {}
    for label, days in PERIODS.items():
        at: dict[str, list[float]] = {}
        page.load(days)
        for _ in range(rounds):
            asked = questions(days, page.fresh_end())
            for name, question in asked.items():
                at.setdefault(name, []).append(page.ask(question))
                at.setdefault(f"{name}, repeated", []).append(page.ask(question))
            at.setdefault("latest calls", []).append(page.latest())
            at.setdefault("page", []).append(page.load(days))
        found[label] = at
    return found


def drop_file_cache() -> bool:
    """Have the kernel forget files; False where we may not."""
    os.sync()
    with contextlib.suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("1")
        return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description="The Overview's questions.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    wanted = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "events": wanted.events}
    with tempfile.TemporaryDirectory(prefix="quotah-bench-") as name:
        instance = Instance(Path(name))
        made = instance.init()
        token = made["admin_token"]
        result["seeded"] = instance.run(
            "seed", "--events", str(wanted.events), "--days", str(DAYS), "--seed", "7",
            "--end", END.isoformat(), "--workspace", made["workspace_id"],
        )  # fmt: skip
        cold: list[float] = []
        for _ in range(3):
            result["file_cache_dropped"] = drop_file_cache()
            with Instance(Path(name)) as running:
                cold.append(Page(running, token).load(30))
        result["cold_page_30_days_ms"] = cold
        with Instance(Path(name)) as running:
            result["warm_ms"] = warm(Page(running, token), wanted.rounds)
            result["pss_mb_after"] = processes.pss_mb(running.pid)
    show(result)
    save(__file__, result)


def show(result: dict[str, Any]) -> None:
    """Print medians, with the least and greatest."""
    found = result["warm_ms"]
    names = list(next(iter(found.values())))
    table(
        f"Overview on {result['events']:,} events, ms",
        ["", *found],
        [[name, *(figure(at[name]) for at in found.values())] for name in names],
    )
    medians = [
        middle(values)
        for at in found.values()
        for name, values in at.items()
        if name != "page" and "repeated" not in name
    ]
    dropped = "dropped" if result["file_cache_dropped"] else "kept"
    table(
        "Summary",
        ["", ""],
        [
            ["geometric mean of computed answers, ms", f"{statistics.geometric_mean(medians):.1f}"],
            ["slowest median, ms", f"{max(medians):.1f}"],
            [
                f"first page after a start, file cache {dropped}, ms",
                figure(result["cold_page_30_days_ms"]),
            ],
            ["PSS of the process tree afterwards, MB", f"{result['pss_mb_after']:.0f}"],
        ],
    )


if __name__ == "__main__":
    main()
