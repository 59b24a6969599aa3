"""What was measured as tables; a figure is the median of the rounds, with the least and greatest."""

from __future__ import annotations

from typing import Any

from lab.report import figure, middle, table
from measure import DELTAS, PACED_MS

NAMES = {
    "nginx": "nginx proxy_pass",
    "quotah": "Quotah gateway",
    "portkey": "Portkey's gateway",
    "litellm": "LiteLLM's proxy",
}


def show(result: dict[str, Any]) -> None:
    """Print a table for everything that was measured."""
    if "json" in result:
        _calls(result["json"])
        _processes(result["json"])
    if "delay" in result:
        _delays(result["delay"])
    if "streams" in result:
        _streams(result["streams"])
    _goals(result)


def _calls(json_: dict[str, Any]) -> None:
    for callers, by_name in json_["callers"].items():
        base = by_name["nginx"]["cpu_us_per_call"]
        rows = [
            [NAMES[name], figure(at["cpu_us_per_call"]), times(at["cpu_us_per_call"], base),
             figure(at["calls_per_s"], 0)]
            for name, at in by_name.items()
        ]  # fmt: skip
        storing = figure(by_name["quotah"]["storing_us_per_call"])
        rows.insert(2, ["  its API, storing the events", storing, "", ""])
        table(
            f"CPU per JSON call, {callers} callers",
            ["", "µs per call", "× nginx", "calls/s"],
            rows,
        )
    for name, why in json_["absent"].items():
        print(f"\n  {NAMES[name]} could not be started: {why}")


def _processes(json_: dict[str, Any]) -> None:
    rows = [
        [f"{NAMES[name]} {told['version']}".strip(), f"{told['pss_mb_at_start']:.0f}",
         f"{told['pss_mb_after']:.0f}", f"{told['start_s']:.2f}"]
        for name, told in json_["targets"].items()
    ]  # fmt: skip
    table("Memory (PSS) and start", ["", "MB at start", "MB after the calls", "s to start"], rows)
    print(
        "  Quotah's start is that of all of `quotah up`, its memory that of the gateway's process."
    )


def _delays(delays: dict[str, Any]) -> None:
    rows = [
        [f"{name}, {callers} callers"]
        + [figure(added(at, name, p), 2) for p in ("p50_ms", "p99_ms")]
        for callers, at in delays.items()
        for name in ("nginx", "quotah")
    ]
    table(f"Latency added to a provider that takes {PACED_MS} ms, ms", ["", "p50", "p99"], rows)


def _streams(streamed: list[dict[str, Any]]) -> None:
    rows: list[list[str]] = []
    for at in streamed:
        for name in ("nginx", "quotah"):
            cpu = at[name]["cpu_us_per_delta"]
            rows.append(
                [
                    f"{name}, {at['callers']} streams, {at['pause_ms']:.0f} ms",
                    figure(cpu),
                    times(cpu, at["nginx"]["cpu_us_per_delta"]),
                    figure(added(at, name, "first_byte_ms"), 2),
                    figure(added(at, name, "first_byte_p99_ms"), 2),
                    figure(at[name]["deltas_per_s"], 0),
                ]
            )
    table(
        f"Streams of {DELTAS} deltas",
        ["", "CPU µs per delta", "× nginx", "first byte added, ms", "p99", "deltas/s"],
        rows,
    )
    rows = []
    for at in streamed:
        kept = at["quotah"]["memory_mb"]
        name = f"{at['callers']} streams, {at['pause_ms']:.0f} ms"
        kinds = ("gateway_pss", "gateway_rss", "all_pss")
        rows.append([name, *(f"{max(each[kind] for each in kept):.0f}" for kind in kinds)])
    table(
        "Quotah's memory while streams are open, the most seen, MB",
        ["", "gateway PSS", "gateway RSS", "all of Quotah PSS"],
        rows,
    )


def _goals(result: dict[str, Any]) -> None:
    rows: list[list[str]] = []
    if "json" in result:
        by_name = result["json"]["callers"]["16"]
        calls = {name: middle(at["cpu_us_per_call"]) for name, at in by_name.items()}
        ours = calls["quotah"]
        rows.append(_goal("CPU per JSON call, × nginx", ours / calls["nginx"], 8))
        for name, part in (("portkey", 5), ("litellm", 50)):
            if name in calls:
                what = f"CPU per JSON call, × {NAMES[name]}"
                rows.append(_goal(what, ours / calls[name], 1 / part, digits=3))
    for at in result.get("streams", ()):
        what = f"{at['callers']} streams, {at['pause_ms']:.0f} ms"
        cpu = {name: middle(at[name]["cpu_us_per_delta"]) for name in ("nginx", "quotah")}
        rows.append(_goal(f"CPU per delta, × nginx: {what}", cpu["quotah"] / cpu["nginx"], 2.5))
        nginx, ours = (middle(added(at, name, "first_byte_ms")) for name in ("nginx", "quotah"))
        most = 2 if at["callers"] <= 50 else 10
        rows.append(_goal(f"First byte, ms beyond nginx: {what}", ours - nginx, most))
    table("Goals", ["", "found", "at most", ""], rows)


def _goal(what: str, found: float, most: float, digits: int = 2) -> list[str]:
    verdict = "reached" if found <= most else "MISSED"
    return [what, f"{found:.{digits}f}", f"{most:.{digits}f}", verdict]


def times(values: list[float], base: list[float]) -> str:
    """How often the base, by the medians."""
    return f"{middle(values) / middle(base):.1f}"


def added(at: dict[str, Any], name: str, what: str) -> list[float]:
    """What a target adds to the straight way, round by round."""
    return [a - b for a, b in zip(at[name][what], at["straight"][what], strict=True)]
