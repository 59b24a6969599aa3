"""JSON calls by wrk, the same for everyone."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from targets import body_of, headers_of

_SCRIPT = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Load(NamedTuple):
    """calls within duration_s; latencies in ms."""

    calls: int
    duration_s: float
    p50_ms: float
    p99_ms: float


def run(
    port: int, path: str, callers: int, seconds: int, headers: dict[str, str] | None = None
) -> Load:
    """Let callers call, each again as soon as it has its answer; raises RuntimeError on any error."""
    told = headers_of("none") if headers is None else headers
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in told.items())
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT.format(body=body_of(stream=False).decode(), headers=lines))
        script.flush()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{callers}", f"-d{seconds}s", "--timeout", "20s", "-s", script.name,
             f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=True, cwd=Path(script.name).parent,
        )  # fmt: skip
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    calls, duration, p50, p99, errors = (int(part) for part in line.split()[1:])
    if errors or not calls:
        raise RuntimeError(f"{errors} of {calls} calls failed:\n{done.stdout}")
    return Load(calls, duration / 1e6, p50 / 1e3, p99 / 1e3)
