"""kill -9 of the gateway under load, again and again, with the provider's log as the truth.

    .venv/bin/python bench/survival/kill.py [--kills 60]

A whole Quotah (`quotah up`) in front of the mock provider; streams and whole answers all the while. After
each kill the supervisor starts the gateway anew. At the end every request that the provider billed must
have exactly one stored event; ends with status 1 where one is lost or counted twice.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab.instance import Instance
from lab.processes import listens, until
from lab.report import machine, save, table
from load import Load
from stage import survive

_PAUSE_S = (13.0, 16.0)
"""The supervisor gives up on a plane that ends five times within a minute."""


async def storm(instance: Instance, key: str, kills: int) -> dict[str, int]:
    """Callers while the gateway is killed ``kills`` times."""
    url = f"http://127.0.0.1:{instance.gateway_port}"
    load = Load(url, key, streams=12, plain=6, pace_ms=10, leaves=10)
    chance = random.Random(7)
    for number in range(kills):
        await asyncio.sleep(chance.uniform(*_PAUSE_S))
        os.kill(instance.child("gateway"), signal.SIGKILL)
        await asyncio.to_thread(
            until, lambda: not listens(instance.gateway_port), "the gateway is gone"
        )
        await asyncio.to_thread(
            until, lambda: listens(instance.gateway_port), "the gateway is back", 60.0
        )
        print(f"\rkill {number + 1} of {kills}: {load.counts}", end="", flush=True)
    await asyncio.sleep(1)
    await load.stop()
    print()
    return load.counts


def main() -> None:
    parser = argparse.ArgumentParser(description="kill -9 under load.")
    parser.add_argument("--kills", type=int, default=60)
    wanted = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "kills": wanted.kills}
    callers, books = survive(lambda instance, key: asyncio.run(storm(instance, key, wanted.kills)))
    result |= {"callers": callers, **books}
    rows = [[name, str(value)] for name, value in result.items() if name != "machine"]
    table(f"{wanted.kills} kills under load", ["", ""], rows)
    save(__file__, result)
    if (
        result["lost"]
        or result["ids_twice"]
        or result["responses_twice"]
        or result["costs_unequal"]
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()
