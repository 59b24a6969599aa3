"""A real mock provider, a real HTTP server that takes events, and the vendors' own clients."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import openai
import pytest

from quotah import Quotah
from quotah_server.mock.background import BackgroundMock

Answer = tuple[int, dict[str, str], bytes]


class Sink:
    """Takes batches of events as Quotah's API does; ``script`` holds answers for the next batches.

    A scripted answer is an HTTP status, bytes to answer 200 with, or seconds (float) to wait first.
    """

    def __init__(self, port: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.script: list[int | bytes | float] = []
        self.retry_after: str | None = None
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                sink.bodies.append(body)
                sink.headers.append({k.lower(): v for k, v in self.headers.items()})
                sink.times.append(time.monotonic())
                status, headers, answer = sink.answer(json.loads(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port: int = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def answer(self, batch: list[dict[str, Any]]) -> Answer:
        step = self.script.pop(0) if self.script else 200
        if isinstance(step, float):
            time.sleep(step)
            step = 200
        if isinstance(step, bytes):
            return 200, {}, step
        headers = {"retry-after": self.retry_after} if self.retry_after else {}
        if step != 200:
            return step, headers, b"{}"
        self.events.extend(batch)
        counts = {"accepted": len(batch), "duplicates": 0, "rejected": 0, "results": []}
        return 200, {}, json.dumps(counts).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def make_sink() -> Iterator[Callable[[int], Sink]]:
    """Start further sinks, on a port that is given."""
    made: list[Sink] = []

    def make(port: int) -> Sink:
        made.append(Sink(port))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def mock() -> Iterator[BackgroundMock]:
    with BackgroundMock() as running:
        yield running


@pytest.fixture
def q(sink: Sink) -> Quotah:
    return Quotah(sink.url, "qk_in_test")


@pytest.fixture
def plain(mock: BackgroundMock) -> Iterator[openai.OpenAI]:
    """An OpenAI client that is not wrapped."""
    with openai.OpenAI(base_url=mock.openai_url, api_key="sk-test", max_retries=0) as made:
        yield made


@pytest.fixture
def client(mock: BackgroundMock, q: Quotah) -> Iterator[openai.OpenAI]:
    """A wrapped OpenAI client."""
    with openai.OpenAI(base_url=mock.openai_url, api_key="sk-test", max_retries=0) as made:
        yield q.wrap(made)


@pytest.fixture
def claude(mock: BackgroundMock, q: Quotah) -> Iterator[anthropic.Anthropic]:
    """A wrapped Anthropic client."""
    with anthropic.Anthropic(
        base_url=mock.anthropic_url, api_key="sk-ant-test", max_retries=0
    ) as made:
        yield q.wrap(made)


@pytest.fixture
def collected(q: Quotah, sink: Sink) -> Callable[[], list[dict[str, Any]]]:
    """Flush, then give the events that arrived, oldest call first."""

    def collect() -> list[dict[str, Any]]:
        assert q.flush(10), q.stats()
        return sorted(sink.events, key=lambda event: event["id"])

    return collect
