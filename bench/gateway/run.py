"""CPU, delay and memory that the gateway adds, beside nginx passing on, in one run.

    .venv/bin/python bench/gateway/run.py [--rounds 5] [--seconds 4] [--with portkey litellm]

Quotah runs whole (`quotah up`): keys, attribution, capture, pricing, journal and storing are on, and
the number of stored events is compared with the number of calls. nginx (one worker, kept connections;
`proxy_buffering off` for streams) stands for the least that a proxy can do. Rounds alternate between
all, so that a busy moment of the machine hits all. Needs nginx and wrk; with others, an index to
install them from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import measure
from lab.report import machine, save
from others import OTHERS
from show import show


def main() -> None:
    parser = argparse.ArgumentParser(description="Gateway beside nginx and others, in one run.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    parser.add_argument("--with", nargs="*", choices=sorted(OTHERS), default=[], dest="beside")
    parser.add_argument("--only", choices=("json", "delay", "streams"), help="one measurement")
    wanted = parser.parse_args()
    rounds, seconds = wanted.rounds, wanted.seconds
    result: dict[str, Any] = {"machine": machine(), "rounds": rounds, "seconds": seconds}
    if wanted.only in (None, "json"):
        result["json"] = measure.cpu_per_call(rounds, seconds, wanted.beside)
    if wanted.only in (None, "delay"):
        result["delay"] = measure.delay(rounds, seconds)
    if wanted.only in (None, "streams"):
        result["streams"] = measure.streaming(rounds, seconds)
    show(result)
    if wanted.only is None or wanted.beside:
        save(__file__, result)


if __name__ == "__main__":
    main()
