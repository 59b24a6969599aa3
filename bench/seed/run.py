"""How fast sample history is written.

    .venv/bin/python bench/seed/run.py [--events 1000000] [--rounds 3]

Each round writes into a new store, as `quotah seed` does, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.report import figure, machine, save, table

END = datetime(2026, 11, 18, tzinfo=UTC)
DAYS = 90


def once(events: int, folder: Path) -> dict[str, float]:
    """Write one history; seconds, CPU seconds, bytes of the file and peak memory."""
    import resource

    from quotah_server.catalog.book import load_packaged
    from quotah_server.features.samples.generate import seed
    from quotah_server.features.samples.plan import SeedPlan
    from quotah_server.store.events.duckdb import DuckDBEventStore

    path = folder / "events.duckdb"
    store, book = DuckDBEventStore(path), load_packaged()
    plan = SeedPlan(
        events=events, days=DAYS, seed=7, workspace_id="a" * 32, project_id="b" * 32, end=END
    )
    cpu = time.process_time()
    result = seed(store, plan, book)
    spent = time.process_time() - cpu
    store.close()
    return {
        "seconds": result.seconds,
        "cpu_s": spent,
        "bytes": path.stat().st_size,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of seeding.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", metavar="FOLDER", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.once:
        print(json.dumps(once(wanted.events, Path(wanted.once))), flush=True)
        os._exit(0)
    result: dict[str, Any] = {"machine": machine(), "events": wanted.events, "rounds": []}
    for _ in range(wanted.rounds):
        with tempfile.TemporaryDirectory(prefix="quotah-bench-") as folder:
            done = subprocess.run(
                [sys.executable, __file__, "--events", str(wanted.events), "--once", folder],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            result["rounds"].append(json.loads(done.stdout))
    events, rounds = wanted.events, result["rounds"]
    table(
        f"Seeding {events:,} events over {DAYS} days",
        ["", "median (least to greatest)"],
        [
            ["events/s", figure([events / r["seconds"] for r in rounds], 0)],
            ["seconds", figure([r["seconds"] for r in rounds])],
            ["CPU µs per event", figure([r["cpu_s"] / events * 1e6 for r in rounds])],
            ["bytes per event in the file", figure([r["bytes"] / events for r in rounds])],
            ["peak memory, MB", figure([r["peak_mb"] for r in rounds], 0)],
        ],
    )
    save(__file__, result)


if __name__ == "__main__":
    main()
