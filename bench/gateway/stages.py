"""Where the gateway's CPU time goes, stage by stage.

    .venv/bin/python bench/gateway/stages.py [--seconds 4] [--streams]

A gateway as `quotah gateway` starts it, beside `quotah api`. First its threads are measured as they
are; then, in another run, a clock stands around the functions named in staged.py. The clocks cost
themselves, so that the second run tells shares, and the first run sums. What no function of ours
spends is the event loop, the parsers' callbacks, tasks and system calls. Needs nginx and wrk.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import streams
import targets
import wrk
from lab import processes
from lab.instance import QUOTAH, Instance
from lab.report import machine, save, table

CALLERS, STREAMS, PAUSE_MS, DELTAS = 16, 50, 20.0, 64


class Staged(targets.Quotah):
    """A Quotah whose gateway is staged.py. The two planes run without a supervisor."""

    def __init__(self, upstream: int, *, watched: bool) -> None:
        self.instance = Instance()
        self._stack = contextlib.ExitStack()
        try:
            self._start()
            if watched:
                self.ask("watch")
            self.adopt(upstream)
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        instance = self.instance
        where: dict[str, Any] = {"env": instance.environment, "cwd": instance.folder}
        api = subprocess.Popen([*QUOTAH, "api"], stdout=subprocess.DEVNULL, **where)
        self._stack.callback(processes.end, api)
        processes.until(lambda: processes.listens(instance.api_port), "the API listens")
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("staged.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **where,
        )  # fmt: skip
        self._stack.callback(processes.end, self.process)
        self._gateway, self._api = self.process.pid, api.pid
        processes.until(lambda: processes.listens(instance.gateway_port), "the gateway listens")

    def ask(self, question: str) -> Any:
        """What the gateway tells of itself; see staged.py."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(("{", "null")):
                return json.loads(line)
        raise RuntimeError("the gateway has ended")

    def close(self) -> None:
        self._stack.close()
        self.instance.close()


def calls(target: Staged, seconds: int) -> int:
    """JSON calls made within some seconds, all of them stored."""
    done = wrk.run(target.port, target.path, CALLERS, seconds, target.headers()).calls
    target.settle()
    return done


def deltas(target: Staged, seconds: int) -> int:
    """Deltas that came through within some seconds."""
    request = targets.stream_request(target.headers(), target.path)
    one_s = PAUSE_MS * DELTAS / 1000
    done = streams.run(target.port, request, STREAMS, (0.0, seconds + one_s), lambda: [0.0])
    target.settle()
    return done.deltas


def measure(work: Callable[[Staged, int], int], upstream: int, seconds: int) -> dict[str, Any]:
    """CPU µs per unit of work: by thread, then by stage."""
    with contextlib.closing(Staged(upstream, watched=False)) as target:
        work(target, 2)
        before = target.ask("cpu")
        units = work(target, seconds)
        after = target.ask("cpu")
    with contextlib.closing(Staged(upstream, watched=True)) as target:
        work(target, 2)
        target.ask("forget")
        watched = work(target, seconds)
        told = target.ask("stages")
    threads = {name: (after[name] - before.get(name, 0)) / units * 1e6 for name in after}
    stages = {
        name: {"us": found["us"] / watched, "times": found["times"] / watched}
        for name, found in told["stages"].items()
    }
    return {"units": units, "threads": threads, "stages": stages, "unknown": told["unknown"]}


def show(title: str, found: dict[str, Any]) -> None:
    """Print the two tables."""
    threads = {name: us for name, us in found["threads"].items() if us >= 0.05}
    rows = [[name, f"{us:.1f}"] for name, us in threads.items()]
    table(
        f"{title}: CPU µs by thread", ["", "µs"], [*rows, ["all", f"{sum(threads.values()):.1f}"]]
    )
    ours = sum(stage["us"] for stage in found["stages"].values())
    rest = found["threads"]["MainThread"] - ours
    table(
        f"{title}: the event loop's thread by stage",
        ["", "µs", "times"],
        [
            *([name, f"{s['us']:.2f}", f"{s['times']:.2f}"] for name, s in found["stages"].items()),
            ["loop, tasks, parsers, system calls", f"{rest:.2f}", ""],
        ],
    )
    if found["unknown"]:
        print(f"\n  No longer there: {', '.join(found['unknown'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU of the gateway by stage.")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--streams", action="store_true", help="streamed deltas as well")
    wanted = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "seconds": wanted.seconds}
    upstream = targets.nginx_answering()
    try:
        result["json"] = measure(calls, upstream.port, wanted.seconds)
    finally:
        upstream.close()
    show("Per JSON call", result["json"])
    if wanted.streams:
        provider = targets.PythonProvider(PAUSE_MS, DELTAS)
        try:
            result["streams"] = measure(deltas, provider.port, wanted.seconds)
        finally:
            provider.close()
        show("Per streamed delta", result["streams"])
    save(__file__, result)


if __name__ == "__main__":
    main()
