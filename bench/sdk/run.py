"""What the SDK adds to a call, on the caller's thread.

    .venv/bin/python bench/sdk/run.py [--calls 2000] [--pause-ms 2]

The vendor's real client runs over a transport that answers at once, so that nothing but code is timed.
One timer stands outside and one inside of the SDK's ``send``: their difference, call by call, is what
the SDK adds. The same pair of timers without the SDK gives the timers' own share, which is subtracted
at the median. For streams the added time of each chunk is the difference of whole iterations, with
and without the SDK in turns. Events go to a server in a process of its own, meanwhile.

Paced calls (a pause between them) are what an application sees; back to back, the background thread
contends for the interpreter all the time, which is the worst case.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import openai

from quotah import Quotah

sys.path.insert(0, str(Path(__file__).parents[1]))
from lab.report import machine, save, table

CHUNKS = 200
USAGE = {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500}
WHOLE = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "word " * 240},
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }
).encode()


def frame(**fields: Any) -> bytes:
    shell = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    return b"data: " + json.dumps({**shell, **fields}).encode() + b"\n\n"


def delta(content: str, finish: str | None = None) -> bytes:
    return frame(choices=[{"index": 0, "delta": {"content": content}, "finish_reason": finish}])


FRAMES = [
    *[delta("word ") for _ in range(CHUNKS)],
    delta("", "stop"),
    frame(choices=[], usage=USAGE),
    b"data: [DONE]\n\n",
]


class Chunks(httpx2.SyncByteStream):
    def __iter__(self):
        yield from FRAMES


def answer(request: httpx2.Request) -> httpx2.Response:
    if b'"stream":true' in request.content[-200:]:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, stream=Chunks())
    return httpx2.Response(200, headers={"content-type": "application/json"}, content=WHOLE)


def make_client() -> openai.OpenAI:
    transport = httpx2.MockTransport(answer)
    http = openai.DefaultHttpxClient(transport=transport)
    return openai.OpenAI(base_url="http://provider.test/v1", api_key="k", http_client=http)


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"accepted":0,"duplicates":0,"rejected":0,"results":[]}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def serve_sink(port: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    port.send(server.server_port)
    server.serve_forever()


def timed(function: Callable[..., Any], times: list[int]) -> Callable[..., Any]:
    def outside(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter_ns()
        result = function(*args, **kwargs)
        times.append(time.perf_counter_ns() - started)
        return result

    return outside


def added_per_call(q: Quotah | None, prompt: str, calls: int, pause_s: float) -> list[float]:
    """Microseconds between the outer and the inner timer, call by call."""
    client = make_client()
    http = client._client  # noqa: SLF001 (the SDK hooks in just there)
    inner: list[int] = []
    outer: list[int] = []
    http.send = timed(http.send, inner)
    if q is not None:
        q.wrap(client)
    http.send = timed(http.send, outer)
    messages = [{"role": "user", "content": prompt}]
    for _ in range(calls + 50):
        client.chat.completions.create(model="gpt-4o", messages=messages)
        if pause_s:
            time.sleep(pause_s)
    return [(out - own) / 1000 for out, own in zip(outer, inner, strict=True)][50:]


def stream_us(client: openai.OpenAI) -> float:
    started = time.perf_counter_ns()
    for _ in client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hi"}], stream=True
    ):
        pass
    return (time.perf_counter_ns() - started) / 1000


def added_per_chunk(q: Quotah, streams: int) -> dict[str, float]:
    plain, wrapped = make_client(), q.wrap(make_client())
    without: list[float] = []
    with_sdk: list[float] = []
    for _ in range(streams):
        without.append(stream_us(plain))
        with_sdk.append(stream_us(wrapped))
    per_chunk = (statistics.median(with_sdk) - statistics.median(without)) / len(FRAMES)
    return {
        "plain_stream_us": statistics.median(without),
        "wrapped_stream_us": statistics.median(with_sdk),
        "added_per_chunk_us": per_chunk,
    }


def spread(values: list[float], baseline: float) -> dict[str, float]:
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] - baseline

    return {"p50_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=2000)
    options.add_argument("--streams", type=int, default=200)
    options.add_argument("--pause-ms", type=float, default=2.0)
    chosen = options.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sink = context.Process(target=serve_sink, args=(theirs,), daemon=True)
    sink.start()
    q = Quotah(f"http://127.0.0.1:{ours.recv()}", "qk_in_bench")
    result: dict[str, Any] = {"machine": machine(), "calls": chosen.calls, "rows": []}
    cases = [
        ("1 kB prompt, paced", 1_000, chosen.pause_ms / 1000),
        ("100 kB prompt, paced", 100_000, chosen.pause_ms / 1000),
        ("1 kB prompt, back to back", 1_000, 0.0),
        ("100 kB prompt, back to back", 100_000, 0.0),
    ]
    for name, size, pause_s in cases:
        prompt = ("Tell me more. " * (size // 14 + 1))[:size]
        bare = added_per_call(None, prompt, chosen.calls, pause_s)
        timers = statistics.median(bare)
        ours_us = added_per_call(q, prompt, chosen.calls, pause_s)
        row = {
            "case": name,
            **spread(ours_us, timers),
            "timers_us": timers,
            "without": spread(bare, timers),
        }
        result["rows"].append(row)
    result["stream"] = added_per_chunk(q, chosen.streams)
    q.flush(10)
    result["stats"] = vars(q.stats())
    report(result)
    sink.terminate()


def report(result: dict[str, Any]) -> None:
    table(
        "Added on the caller's thread, per call (µs); in brackets the same timers without the SDK",
        ["case", "p50", "p99", "p99.9"],
        [
            [
                row["case"],
                *(
                    f"{row[p]:.1f} ({row['without'][p]:.1f})"
                    for p in ("p50_us", "p99_us", "p999_us")
                ),
            ]
            for row in result["rows"]
        ],
    )
    stream = result["stream"]
    table(
        f"One stream of {len(FRAMES)} events (µs, median)",
        ["without", "with", "added per chunk"],
        [
            [
                f"{stream['plain_stream_us']:.0f}",
                f"{stream['wrapped_stream_us']:.0f}",
                f"{stream['added_per_chunk_us']:.2f}",
            ]
        ],
    )
    save(__file__, result)


if __name__ == "__main__":
    main()
