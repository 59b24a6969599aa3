"""CPU and delay that the gateway adds, beside nginx passing on, in one run.

    .venv/bin/python bench/gateway/run.py [--rounds 5] [--seconds 4]

Quotah runs whole (`quotah up`): keys, attribution, capture, pricing, journal and storing are on, and
the number of stored events is compared with the number of calls. nginx (one worker, kept connections;
`proxy_buffering off` for streams) stands for the least that a proxy can do. Rounds alternate between
the two, so that a busy moment of the machine hits both. Needs nginx and wrk.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import streams
import targets
import wrk
from lab.report import figure, machine, middle, save, table

CALLERS = 16
PACED_MS = 20
DELTAS = 64
STREAMS = ((50, 20.0), (400, 60.0))
"""(callers, pause between deltas in ms)."""
Target = targets.Nginx | targets.Quotah


def key_of(target: Target) -> str:
    return target.key if isinstance(target, targets.Quotah) else "none"


@contextlib.contextmanager
def pair(upstream: int, *, buffering: bool) -> Iterator[dict[str, Target]]:
    """nginx and Quotah before one provider."""
    with contextlib.ExitStack() as stack:
        nginx = targets.nginx_passing(upstream, buffering=buffering)
        stack.callback(nginx.close)
        quotah = targets.Quotah(upstream)
        stack.callback(quotah.close)
        yield {"nginx": nginx, "quotah": quotah}


def cpu_per_call(rounds: int, seconds: int) -> dict[str, Any]:
    """µs of CPU per JSON call, by target; Quotah's API, which stores the events, apart."""
    upstream = targets.nginx_answering()
    found: dict[str, list[float]] = {"nginx": [], "quotah": [], "storing": []}
    pace: dict[str, list[float]] = {"nginx": [], "quotah": []}
    try:
        with pair(upstream.port, buffering=True) as both:
            for target in both.values():
                wrk.run(target.port, key_of(target), CALLERS, 2)
                target.settle()
            for _ in range(rounds):
                for name, target in both.items():
                    calls, spent = _measured(target, seconds)
                    found[name].append(spent[0] / calls.calls * 1e6)
                    pace[name].append(calls.calls / calls.duration_s)
                    if name == "quotah":
                        found["storing"].append(spent[1] / calls.calls * 1e6)
    finally:
        upstream.close()
    return {"cpu_us_per_call": found, "calls_per_s": pace, "callers": CALLERS}


def _measured(target: Target, seconds: int) -> tuple[wrk.Load, list[float]]:
    """A load, and the CPU spent until everything about it was stored."""
    stored = target.delivered if isinstance(target, targets.Quotah) else 0
    before = target.cpu()
    load = wrk.run(target.port, key_of(target), CALLERS, seconds)
    target.settle()
    spent = [after - b for after, b in zip(target.cpu(), before, strict=True)]
    if isinstance(target, targets.Quotah):
        recorded = target.delivered - stored
        # wrk hangs up on calls in flight at its end; those are events as well.
        if not load.calls <= recorded <= load.calls + CALLERS:
            raise RuntimeError(f"{load.calls} calls, but {recorded} events")
    return load, spent


def delay(rounds: int, seconds: int) -> dict[str, Any]:
    """Latency against a provider that takes 20 ms: straight, through nginx, through Quotah."""
    provider = targets.PythonProvider(PACED_MS)
    found: dict[str, dict[str, list[wrk.Load]]] = {}
    try:
        with pair(provider.port, buffering=True) as both:
            for callers in (1, 16, 64):
                at = found[str(callers)] = {"straight": [], "nginx": [], "quotah": []}
                for _ in range(rounds):
                    straight = "/v1/chat/completions"
                    at["straight"].append(
                        wrk.run(provider.port, "none", callers, seconds, straight)
                    )
                    for name, target in both.items():
                        at[name].append(wrk.run(target.port, key_of(target), callers, seconds))
    finally:
        provider.close()
    return {
        callers: {
            name: {"p50_ms": [x.p50_ms for x in loads], "p99_ms": [x.p99_ms for x in loads]}
            for name, loads in by_name.items()
        }
        for callers, by_name in found.items()
    }


def streaming(rounds: int, seconds: int) -> dict[str, Any]:
    """CPU per streamed delta and the wait for the first byte, at 50 and 400 streams at once."""
    result: dict[str, Any] = {}
    for callers, pause_ms in STREAMS:
        provider = targets.PythonProvider(pause_ms, DELTAS)
        kinds = ("straight", "nginx", "quotah")
        at: dict[str, Any] = {
            name: {"cpu_us_per_delta": [], "storing_us_per_delta": [], "first_byte_ms": [],
                   "first_byte_p99_ms": [], "deltas_per_s": []}
            for name in kinds
        }  # fmt: skip
        try:
            with pair(provider.port, buffering=False) as both:
                for _ in range(rounds):
                    _stream_once(at["straight"], provider.port, None, callers, pause_ms, seconds)
                    for name, target in both.items():
                        _stream_once(at[name], target.port, target, callers, pause_ms, seconds)
        finally:
            provider.close()
        result[str(callers)] = {"pause_ms": pause_ms, "deltas_per_stream": DELTAS, **at}
    return result


def _stream_once(
    into: dict[str, list[float]],
    port: int,
    target: Target | None,
    callers: int,
    pause_ms: float,
    seconds: int,
) -> None:
    path = targets.PATH if target else "/v1/chat/completions"
    headers, body = targets.request(key_of(target) if target else "none", stream=True)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n{head}\r\n"
    one_stream_s = pause_ms * DELTAS / 1000
    done = streams.run(
        port, request.encode() + body, callers, (one_stream_s + 0.5, max(seconds, one_stream_s)),
        target.cpu if target else lambda: [0.0, 0.0],
    )  # fmt: skip
    if target:
        target.settle()
    into["cpu_us_per_delta"].append(done.cpu_s[0] / done.deltas * 1e6)
    into["storing_us_per_delta"].append(done.cpu_s[1] / done.deltas * 1e6)
    into["first_byte_ms"].append(middle(done.first_byte_ms))
    into["first_byte_p99_ms"].append(
        sorted(done.first_byte_ms)[int(len(done.first_byte_ms) * 0.99)]
    )
    into["deltas_per_s"].append(done.deltas / max(seconds, one_stream_s))


def show(result: dict[str, Any]) -> None:
    """Print what was found; a figure is the median of the rounds, with the least and greatest."""
    json_, delays, streamed = result["json"], result["delay"], result["streams"]
    cpu, pace = json_["cpu_us_per_call"], json_["calls_per_s"]
    table(
        f"CPU per JSON call, {CALLERS} callers",
        ["", "µs per call", "× nginx", "calls/s"],
        [
            ["nginx proxy_pass", figure(cpu["nginx"]), "1.0", figure(pace["nginx"], 0)],
            ["Quotah gateway", figure(cpu["quotah"]), _times(cpu["quotah"], cpu["nginx"]),
             figure(pace["quotah"], 0)],
            ["  its API, storing the events", figure(cpu["storing"]), "", ""],
        ],
    )  # fmt: skip
    rows = [
        [f"{name}, {callers} callers"]
        + [figure(_added(at, name, p), 2) for p in ("p50_ms", "p99_ms")]
        for callers, at in delays.items()
        for name in ("nginx", "quotah")
    ]
    table(f"Latency added to a provider that takes {PACED_MS} ms, ms", ["", "p50", "p99"], rows)
    rows = []
    for callers, at in streamed.items():
        for name in ("nginx", "quotah"):
            rows.append(
                [
                    f"{name}, {callers} streams",
                    figure(at[name]["cpu_us_per_delta"]),
                    _times(at[name]["cpu_us_per_delta"], at["nginx"]["cpu_us_per_delta"]),
                    figure(_added(at, name, "first_byte_ms"), 2),
                    figure(_added(at, name, "first_byte_p99_ms"), 2),
                    figure(at[name]["deltas_per_s"], 0),
                ]
            )
    table(
        f"Streams of {DELTAS} deltas",
        ["", "CPU µs per delta", "× nginx", "first byte added, ms", "p99", "deltas/s"],
        rows,
    )


def _times(values: list[float], base: list[float]) -> str:
    return f"{middle(values) / middle(base):.1f}"


def _added(at: dict[str, Any], name: str, what: str) -> list[float]:
    return [a - b for a, b in zip(at[name][what], at["straight"][what], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Gateway beside nginx, in one run.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    wanted = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(),
        "rounds": wanted.rounds,
        "seconds": wanted.seconds,
    }
    result["json"] = cpu_per_call(wanted.rounds, wanted.seconds)
    result["delay"] = delay(wanted.rounds, wanted.seconds)
    result["streams"] = streaming(wanted.rounds, wanted.seconds)
    show(result)
    save(__file__, result)


if __name__ == "__main__":
    main()
