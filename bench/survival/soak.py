"""Streams, whole answers and clients that leave, for a long time: memory, descriptors, threads.

    .venv/bin/python bench/survival/soak.py [--minutes 30]

A whole Quotah (`quotah up`) in front of the mock provider. The gateway is looked
at every ten seconds; the slope is the least-squares line through what was seen after the warm-up (the
first fifth), with twice its standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab.instance import Instance
from lab.processes import pss_mb_of
from lab.report import machine, save, table
from load import Load
from stage import survive

_EVERY_S = 10.0
_SERIES = ("gateway_mb", "api_mb", "descriptors", "threads")


def look(instance: Instance) -> dict[str, float]:
    """What the gateway holds now."""
    pid = instance.child("gateway")
    return {
        "gateway_mb": pss_mb_of(pid),
        "api_mb": pss_mb_of(instance.child("api")),
        "descriptors": len([*Path(f"/proc/{pid}/fd").iterdir()]),
        "threads": len([*Path(f"/proc/{pid}/task").iterdir()]),
    }


async def soak(instance: Instance, key: str, minutes: float) -> tuple[list[Any], dict[str, int]]:
    """Callers for some minutes; what was seen, with the seconds since the start."""
    url = f"http://127.0.0.1:{instance.gateway_port}"
    load = Load(url, key, streams=20, plain=4, pace_ms=20, leaves=5)
    began = time.monotonic()
    seen: list[Any] = []
    while (at := time.monotonic() - began) < minutes * 60:
        seen.append({"at_s": round(at, 1), **await asyncio.to_thread(look, instance)})
        print(f"\r{at / 60:.1f} min: {seen[-1]} {load.counts}", end="", flush=True)
        await asyncio.sleep(_EVERY_S)
    await load.stop()
    print()
    return seen, load.counts


def slope_per_hour(seen: list[Any], name: str) -> tuple[float, float]:
    """Change per hour, and twice its standard error."""
    at = [one["at_s"] / 3600 for one in seen]
    values = [one[name] for one in seen]
    line = statistics.linear_regression(at, values)
    rest = [v - (line.intercept + line.slope * t) for t, v in zip(at, values, strict=True)]
    middle = statistics.fmean(at)
    spread = sum((t - middle) ** 2 for t in at)
    error = (sum(r * r for r in rest) / max(1, len(at) - 2) / spread) ** 0.5
    return line.slope, 2 * error


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and descriptors over a long time.")
    parser.add_argument("--minutes", type=float, default=30.0)
    wanted = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "minutes": wanted.minutes}
    (seen, callers), books = survive(
        lambda instance, key: asyncio.run(soak(instance, key, wanted.minutes))
    )
    result |= {"callers": callers, "seen": seen, "books": books}
    after = seen[len(seen) // 5 :]
    result["per_hour"] = {name: slope_per_hour(after, name) for name in _SERIES}
    rows = [
        [name, f"{after[0][name]:.1f}", f"{after[-1][name]:.1f}", f"{slope:+.2f} ± {error:.2f}"]
        for name, (slope, error) in result["per_hour"].items()
    ]
    table(f"{wanted.minutes:g} minutes", ["", "after warm-up", "at the end", "per hour"], rows)
    rows = [[name, str(value)] for name, value in {**callers, **result["books"]}.items()]
    table("Calls and books", ["", ""], rows)
    save(__file__, result)


if __name__ == "__main__":
    main()
