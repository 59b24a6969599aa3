"""One program with everything switched on: gateway, wrapped SDK, OpenTelemetry. One event per attempt.

Today spans have no way into Quotah; what they will be matched by is stored with the event: the id of
the provider's answer, which a span tells too, and the trace that the request named.
"""

from __future__ import annotations

import signal
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from entrypoints.stack import Stack, until
from opentelemetry import propagate
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from vendorclients import OpenAIV1Instrumentor

from quotah import Quotah

ASK = [{"role": "user", "content": "Hello"}]
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": ASK}
MESSAGE: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 99, "messages": ASK}


class Program:
    """A whole Quotah, and a program that begins to use it now: what was there before is left out."""

    def __init__(self, stack: Stack, token: str) -> None:
        self.stack, self._token = stack, token
        name = f"program {time.monotonic_ns()}"
        key = stack.json("keys", "create", "--kind", "ingest", "--name", name)["key"]
        self.gateway_key: str = stack.json("keys", "create", "--kind", "gateway", "--name", name)[
            "key"
        ]
        self.q = Quotah(stack.api, key)
        self._before = {run["id"] for run in self._list()}
        self._lines = self._log_length()

    def runs(self) -> list[dict[str, Any]]:
        """Every event, oldest first, with everything that is stored of it."""
        fresh = [run["id"] for run in self._list() if run["id"] not in self._before]
        return [self.stack.ask("GET", f"/runs/{one}", self._token) for one in reversed(fresh)]

    def billed(self) -> int:
        """How many lines the provider's log has gained."""
        return self._log_length() - self._lines

    def _list(self) -> list[dict[str, Any]]:
        return self.stack.ask("GET", "/runs?limit=200", self._token)["items"]

    def _log_length(self) -> int:
        url = f"http://127.0.0.1:{self.stack.mock_port}/mock/log"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return len(answer.read().splitlines())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, str]]:
    stack = Stack(tmp_path_factory.mktemp("program") / "data")
    token = stack.init()["admin_token"]
    stack.start()
    stack.json("providers", "add-mock")
    yield stack, token
    stack.stop(signal.SIGKILL)


@pytest.fixture
def program(whole: tuple[Stack, str]) -> Program:
    return Program(*whole)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = OpenAIV1Instrumentor()
    instrumentor.instrument(tracer_provider=traces)
    yield exporter
    instrumentor.uninstrument()


def response_id(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("gen_ai.response.id")


def test_gateway_sdk_and_instrumentation_make_one_event_per_attempt(
    program: Program, spans: InMemorySpanExporter
) -> None:
    client = program.q.wrap(
        openai.OpenAI(base_url=program.stack.gateway + "/openai/v1", api_key=program.gateway_key)
    )
    claude = program.q.wrap(
        anthropic.Anthropic(
            base_url=program.stack.gateway + "/anthropic", api_key=program.gateway_key
        )
    )
    tracer = TracerProvider().get_tracer("program")
    with client, claude, program.q.context(feature="search", user="ada"):
        with tracer.start_as_current_span("job") as job:
            headers: dict[str, str] = {}
            propagate.inject(headers)
            client.chat.completions.create(**CHAT, extra_headers=headers)
        list(client.chat.completions.create(**CHAT, stream=True))
        client.responses.create(model="gpt-4o", input="Hello")
        claude.messages.create(**MESSAGE)
    assert program.q.flush(20), program.q.stats()

    runs = until(lambda: all_attributed(program.runs(), 4), seconds=30)
    assert program.billed() == 4
    assert {run["door"] for run in runs} == {"gateway"}
    assert {(r["attribution"]["feature"], r["attribution"]["user"]) for r in runs} == {
        ("search", "ada")
    }
    told = [response_id(span) for span in spans.get_finished_spans()]
    assert told == [run["provider_response_id"] for run in runs[:3]]
    assert runs[0]["trace_id"] == f"{job.get_span_context().trace_id:032x}"


def all_attributed(runs: list[dict[str, Any]], count: int) -> list[dict[str, Any]] | None:
    """The runs once so many are there and each has what the SDK said of it."""
    ready = [run for run in runs if run["attribution"].get("feature")]
    return runs if len(runs) >= count and len(ready) == len(runs) else None


def test_tries_of_a_wrapped_client_are_an_event_each(program: Program) -> None:
    client = program.q.wrap(
        openai.OpenAI(base_url=program.stack.gateway + "/openai/v1", api_key=program.gateway_key)
    )
    headers = {"x-mock-fail-first": "1", "x-mock-retry-after-ms": "1"}
    with client, program.q.context(feature="search"):
        client.chat.completions.create(**CHAT, extra_headers=headers)
    assert program.q.flush(20), program.q.stats()
    runs = until(lambda: all_attributed(program.runs(), 2), seconds=30)
    assert [run["status"] for run in runs] == ["error", "success"]
    assert program.billed() == 1


def test_the_same_client_beside_the_gateway_is_recorded_by_the_sdk(program: Program) -> None:
    mock = f"http://127.0.0.1:{program.stack.mock_port}/openai/v1"
    client = program.q.wrap(openai.OpenAI(base_url=mock, api_key="any"))
    with client, program.q.context(feature="search"):
        client.chat.completions.create(**CHAT)
    assert program.q.flush(20), program.q.stats()
    (run,) = until(lambda: all_attributed(program.runs(), 1), seconds=30)
    assert run["door"] == "sdk"
