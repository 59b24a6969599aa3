"""CPU of ways to call a provider behind TLS: HTTP/1.1 and HTTP/2 of ours, the h2 library, pyreqwest.

    .venv/bin/python bench/http2/run.py [--rounds 5] [--calls 4000] [--streams 100]

One provider, which speaks both; each way in a process of its own, in turns. CPU is that of the calling
process, user and system, TLS and all its threads included, per JSON call (16 at once) and per delta of
a stream (50 at once, 64 deltas, 5 ms apart).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from lab import processes
from lab.report import figure, machine, middle, save, table

WAYS = {
    "http1": "HTTP/1.1, ours",
    "http2": "HTTP/2, ours",
    "library": "HTTP/2, h2 on our loop",
    "pyreqwest": "HTTP/2, pyreqwest",
}
DELTAS, PAUSE_MS = 64, 5
_FOLDER = Path(__file__).resolve().parent


def once(way: str, port: int, folder: str, what: str, count: int, at_once: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    certificate = f"{folder}/certificate.pem"
    arguments = [way, str(port), certificate, what, str(count), str(at_once)]
    done = subprocess.run(
        [sys.executable, str(_FOLDER / "caller.py"), *arguments], check=True, capture_output=True,
        text=True, timeout=120, env={**os.environ, "SSL_CERT_FILE": certificate},
    )  # fmt: skip
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ways to call a provider behind TLS.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--streams", type=int, default=100)
    wanted = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {
        way: {"calls": [], "streams": [], "calls_per_s": []} for way in WAYS
    }
    result: dict[str, Any] = {"machine": machine(), "rounds": wanted.rounds}
    with tempfile.TemporaryDirectory(prefix="quotah-bench-http2-") as folder:
        port = processes.free_port()
        script = str(_FOLDER / "provider.py")
        provider = subprocess.Popen(
            [sys.executable, script, str(port), folder, str(PAUSE_MS), str(DELTAS)]
        )
        try:
            processes.until(lambda: processes.listens(port), "the provider listens")
            for _ in range(wanted.rounds):
                for way, into in found.items():
                    calls = once(way, port, folder, "calls", wanted.calls, 16)
                    into["calls"].append(calls["cpu_us"])
                    into["calls_per_s"].append(calls["done"] / calls["wall_s"])
                    streams = once(way, port, folder, "streams", wanted.streams, 50)
                    into["streams"].append(streams["cpu_us"])
        finally:
            processes.end(provider)
    base = found["http1"]
    table(
        "CPU of the caller, µs",
        ["", "per JSON call", "×", "per delta", "×"],
        [
            [name, figure(found[way]["calls"]), _times(found[way]["calls"], base["calls"]),
             figure(found[way]["streams"]), _times(found[way]["streams"], base["streams"])]
            for way, name in WAYS.items()
        ],
    )  # fmt: skip
    result["cpu_us"] = found
    save(__file__, result)


def _times(values: list[float], base: list[float]) -> str:
    return f"{middle(values) / middle(base):.2f}"


if __name__ == "__main__":
    main()
