"""The measurements: each alternates between what it compares, so that a busy moment hits all."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import others
import streams
import targets
import wrk
from lab.report import middle

CALLERS = (1, 16, 64)
PACED_MS = 20
DELTAS = 64
STREAMS = ((50, 20.0), (400, 60.0), (400, 20.0))
"""(callers, pause between deltas in ms). 400 streams with 20 ms between deltas are 20,000 deltas a
second, which keeps both cores of a small machine busy: delays are then those of a full machine."""
_STRAIGHT = "/v1/chat/completions"


@contextlib.contextmanager
def before(
    upstream: int, *, buffering: bool, beside: list[str] | None = None
) -> Generator[tuple[dict[str, targets.Target], dict[str, str]]]:
    """nginx, Quotah and others before one provider; and which others could not be started, and why."""
    with contextlib.ExitStack() as stack:
        found: dict[str, targets.Target] = {
            "nginx": targets.nginx_passing(upstream, buffering=buffering)
        }
        stack.callback(found["nginx"].close)
        found["quotah"] = targets.Quotah(upstream)
        stack.callback(found["quotah"].close)
        more, absent = others.find(beside or [], upstream)
        for target in more.values():
            stack.callback(target.close)
        yield {**found, **more}, absent


def cpu_per_call(rounds: int, seconds: int, beside: list[str]) -> dict[str, Any]:
    """µs of CPU per JSON call and calls per second, by callers and target; Quotah's API, which stores
    the events, as ``storing``. Memory of all of them before and after, MB; their start, seconds.
    """
    upstream = targets.nginx_answering()
    try:
        with before(upstream.port, buffering=True, beside=beside) as (all_, absent):
            told = {
                name: {"version": target.version, "start_s": target.start_s,
                       "pss_mb_at_start": target.pss_mb()}
                for name, target in all_.items()
            }  # fmt: skip
            for target in all_.values():
                wrk.run(target.port, target.path, 16, 2, target.headers())
                target.settle()
            by_callers = {
                str(callers): _alternating(all_, callers, rounds, seconds) for callers in CALLERS
            }
            for name, target in all_.items():
                told[name]["pss_mb_after"] = target.pss_mb()
    finally:
        upstream.close()
    return {"callers": by_callers, "targets": told, "absent": absent}


def _alternating(
    all_: dict[str, targets.Target], callers: int, rounds: int, seconds: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {"cpu_us_per_call": [], "storing_us_per_call": [], "calls_per_s": []} for name in all_
    }
    for _ in range(rounds):
        for name, target in all_.items():
            calls, spent = _measured(target, callers, seconds)
            into = found[name]
            into["cpu_us_per_call"].append(spent[0] / calls.calls * 1e6)
            into["storing_us_per_call"].append(spent[1] / calls.calls * 1e6)
            into["calls_per_s"].append(calls.calls / calls.duration_s)
    return found


def _measured(target: targets.Target, callers: int, seconds: int) -> tuple[wrk.Load, list[float]]:
    """A load, and the CPU spent until everything about it was stored."""
    stored = target.delivered if isinstance(target, targets.Quotah) else 0
    begun = target.cpu()
    load = wrk.run(target.port, target.path, callers, seconds, target.headers())
    target.settle()
    spent = [after - b for after, b in zip(target.cpu(), begun, strict=True)]
    if isinstance(target, targets.Quotah):
        recorded = target.delivered - stored
        # wrk hangs up on calls in flight at its end; those are events as well.
        if not load.calls <= recorded <= load.calls + callers:
            raise RuntimeError(f"{load.calls} calls, but {recorded} events")
    return load, spent


def delay(rounds: int, seconds: int) -> dict[str, Any]:
    """Latency against a provider that takes 20 ms: straight, through nginx, through Quotah."""
    provider = targets.PythonProvider(PACED_MS)
    found: dict[str, dict[str, list[wrk.Load]]] = {}
    try:
        with before(provider.port, buffering=True) as (both, _):
            for callers in CALLERS:
                at = found[str(callers)] = {"straight": [], "nginx": [], "quotah": []}
                for _ in range(rounds):
                    at["straight"].append(wrk.run(provider.port, _STRAIGHT, callers, seconds))
                    for name, target in both.items():
                        load = wrk.run(target.port, target.path, callers, seconds, target.headers())
                        at[name].append(load)
    finally:
        provider.close()
    return {
        callers: {
            name: {"p50_ms": [x.p50_ms for x in loads], "p99_ms": [x.p99_ms for x in loads]}
            for name, loads in by_name.items()
        }
        for callers, by_name in found.items()
    }


def streaming(rounds: int, seconds: int) -> list[dict[str, Any]]:
    """CPU per streamed delta, the wait for the first byte, and memory while all streams are open."""
    result: list[dict[str, Any]] = []
    for callers, pause_ms in STREAMS:
        provider = targets.PythonProvider(pause_ms, DELTAS)
        at: dict[str, Any] = {
            name: {"cpu_us_per_delta": [], "storing_us_per_delta": [], "first_byte_ms": [],
                   "first_byte_p99_ms": [], "deltas_per_s": [], "memory_mb": []}
            for name in ("straight", "nginx", "quotah")
        }  # fmt: skip
        try:
            with before(provider.port, buffering=False) as (both, _):
                for _ in range(rounds):
                    _stream_once(at["straight"], provider.port, None, callers, pause_ms, seconds)
                    for name, target in both.items():
                        _stream_once(at[name], target.port, target, callers, pause_ms, seconds)
        finally:
            provider.close()
        shape = {"callers": callers, "pause_ms": pause_ms, "deltas_per_stream": DELTAS}
        result.append({**shape, **at})
    return result


def _stream_once(
    into: dict[str, list[Any]],
    port: int,
    target: targets.Target | None,
    callers: int,
    pause_ms: float,
    seconds: int,
) -> None:
    headers = target.headers() if target else targets.headers_of("none")
    request = targets.stream_request(headers, target.path if target else _STRAIGHT)
    one_stream_s = pause_ms * DELTAS / 1000
    measured_s = max(seconds, one_stream_s)

    def spent() -> list[float]:
        if isinstance(target, targets.Quotah):
            into["memory_mb"].append(target.memory())
        return target.cpu() if target else [0.0, 0.0]

    done = streams.run(port, request, callers, (one_stream_s + 0.5, measured_s), spent)
    if target:
        target.settle()
    into["cpu_us_per_delta"].append(done.cpu_s[0] / done.deltas * 1e6)
    into["storing_us_per_delta"].append(done.cpu_s[1] / done.deltas * 1e6)
    into["first_byte_ms"].append(middle(done.first_byte_ms))
    into["first_byte_p99_ms"].append(
        sorted(done.first_byte_ms)[int(len(done.first_byte_ms) * 0.99)]
    )
    into["deltas_per_s"].append(done.deltas / measured_s)
