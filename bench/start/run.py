"""How long `quotah up` takes until it is ready, and how much memory it holds when idle.

    .venv/bin/python bench/start/run.py [--rounds 5] [--idle 60]

First start: an empty data folder. Second start: the same folder again. Memory is the proportional set
size of the supervisor and all its descendants, some seconds after the start, with nothing going on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import processes
from lab.instance import Instance
from lab.report import figure, machine, save, table


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to ready and idle memory.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds until memory is read")
    wanted = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(),
        "idle_s": wanted.idle,
        "first_s": [],
        "second_s": [],
    }
    for _ in range(wanted.rounds):
        with tempfile.TemporaryDirectory(prefix="quotah-bench-") as folder:
            with Instance(Path(folder)) as first:
                result["first_s"].append(first.start_s)
            with Instance(Path(folder)) as second:
                result["second_s"].append(second.start_s)
    with Instance() as idle:
        idle.init()
        time.sleep(wanted.idle)
        by_process = {
            processes.command(pid).rpartition(" -m ")[2]: processes.pss_mb_of(pid)
            for pid in processes.tree(idle.pid)
        }
        result["pss_mb"] = by_process
    table(
        "Start and memory",
        ["", ""],
        [
            ["first start, s", figure(result["first_s"], 2)],
            ["second start, s", figure(result["second_s"], 2)],
            [f"PSS {wanted.idle:.0f} s after start, MB", f"{sum(by_process.values()):.0f}"],
            *([f"  {name}", f"{mb:.0f}"] for name, mb in by_process.items()),
        ],
    )
    save(__file__, result)


if __name__ == "__main__":
    main()
