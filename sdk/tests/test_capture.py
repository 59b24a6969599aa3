"""What is recorded of the vendors' own clients, beside what the provider would bill."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel

ASK = [{"role": "user", "content": "What does a token cost?"}]
CHAT = {"model": "gpt-4o", "messages": ASK}
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}
MESSAGE = {"model": "claude-haiku-4-5", "max_tokens": 400, "messages": ASK}


class Verdict(BaseModel):
    approved: bool


def read_stream(context_manager) -> None:
    with context_manager as stream:
        for _ in stream:
            pass


def read_lines(context_manager) -> None:
    with context_manager as answer:
        list(answer.iter_lines())


OPENAI_CALLS = {
    "chat": lambda c: c.chat.completions.create(**CHAT),
    "chat stream": lambda c: list(c.chat.completions.create(**CHAT, **WITH_USAGE)),
    "chat stream helper": lambda c: read_stream(
        c.chat.completions.stream(**CHAT, stream_options={"include_usage": True})
    ),
    "chat parse": lambda c: c.chat.completions.parse(**CHAT, response_format=Verdict),
    "chat raw": lambda c: c.chat.completions.with_raw_response.create(**CHAT).parse(),
    "chat streaming response": lambda c: read_lines(
        c.chat.completions.with_streaming_response.create(**CHAT, **WITH_USAGE)
    ),
    "chat plain body read as a stream": lambda c: read_lines(
        c.chat.completions.with_streaming_response.create(**CHAT)
    ),
    "copy": lambda c: c.with_options(timeout=9).chat.completions.create(**CHAT),
    "reasoning": lambda c: c.chat.completions.create(model="gpt-5", messages=ASK),
    "responses": lambda c: c.responses.create(model="gpt-4o", input="Hello"),
    "responses stream": lambda c: list(
        c.responses.create(model="gpt-5", input="Hello", stream=True)
    ),
    "embeddings": lambda c: c.embeddings.create(model="text-embedding-3-small", input=["a", "b"]),
}
ANTHROPIC_CALLS = {
    "messages": lambda c: c.messages.create(**MESSAGE),
    "messages stream": lambda c: list(c.messages.create(**MESSAGE, stream=True)),
    "messages stream helper": lambda c: read_stream(c.messages.stream(**MESSAGE)),
    "messages raw": lambda c: c.messages.with_raw_response.create(**MESSAGE).parse(),
    "copy": lambda c: c.with_options(timeout=9).messages.create(**MESSAGE),
}


def billed(entry) -> dict[str, object]:
    """A log entry's usage without what Anthropic does not send."""
    return {k: v for k, v in entry.usage.items() if v is not None}


@pytest.mark.parametrize("name", OPENAI_CALLS)
def test_usage_of_an_openai_call_is_what_the_provider_bills(name, client, mock, collected) -> None:
    OPENAI_CALLS[name](client)
    (event,), (entry,) = collected(), mock.log()
    assert event["usage"] == billed(entry)
    assert event["provider"] == "openai"
    assert event["operation"] == entry.operation
    assert event["model_response"] == entry.model
    assert event["provider_request_id"] == entry.request_id
    assert event["status"] == "success"
    assert event["final"] is True
    assert event["started_at"] <= event["ended_at"]


@pytest.mark.parametrize("name", ANTHROPIC_CALLS)
def test_usage_of_an_anthropic_call_is_what_the_provider_bills(
    name, claude, mock, collected
) -> None:
    ANTHROPIC_CALLS[name](claude)
    (event,), (entry,) = collected(), mock.log()
    assert event["usage"] == billed(entry)
    assert (event["provider"], event["operation"]) == ("anthropic", "messages")
    assert event["model"] == "claude-haiku-4-5"
    assert event["model_response"] == "claude-haiku-4-5-20251001"
    assert event["provider_response_id"] == entry.id
    assert event["status"] == "success"


async def test_async_clients_are_recorded_whole_and_streamed(q, mock, collected) -> None:
    client = q.wrap(openai.AsyncOpenAI(base_url=mock.openai_url, api_key="k", max_retries=0))
    claude = q.wrap(
        anthropic.AsyncAnthropic(base_url=mock.anthropic_url, api_key="k", max_retries=0)
    )
    async with client, claude:
        await client.chat.completions.create(**CHAT)
        async for _ in await client.chat.completions.create(**CHAT, **WITH_USAGE):
            pass
        await client.embeddings.create(model="text-embedding-3-small", input="x")
        async for _ in await client.responses.create(model="gpt-4o", input="x", stream=True):
            pass
        await claude.messages.create(**MESSAGE)
        async with claude.messages.stream(**MESSAGE) as stream:
            await stream.get_final_message()
    events = await asyncio.to_thread(collected)
    assert [event["usage"] for event in events] == [billed(entry) for entry in mock.log()]
    assert [event["streaming"] for event in events] == [False, True, False, True, False, True]


def test_a_stream_has_a_time_of_its_first_byte(client, collected) -> None:
    list(
        client.chat.completions.create(
            **CHAT, stream=True, extra_headers={"x-mock-pace-ms": "10", "x-mock-deltas": "5"}
        )
    )
    (event,) = collected()
    assert event["started_at"] < event["first_byte_at"] < event["ended_at"]


def test_a_stream_without_include_usage_is_left_alone_and_its_usage_is_unknown(
    client, plain, mock, collected
) -> None:
    list(plain.chat.completions.create(**CHAT, stream=True))
    list(client.chat.completions.create(**CHAT, stream=True))
    untouched, wrapped = mock.log()
    assert wrapped.request_sha256 == untouched.request_sha256
    (event,) = collected()
    assert event["usage"] is None
    assert event["status"] == "success"


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_of_a_long_request_is_found_behind_words_that_look_like_it(
    stream, client, collected
) -> None:
    text = '{"model": "gpt-3", "stream": false} ' * 2000
    found = client.chat.completions.create(
        model="o3", messages=[{"role": "user", "content": text}], stream=stream
    )
    if stream:
        list(found)
    (event,) = collected()
    assert (event["model"], event["streaming"]) == ("o3", stream)


def test_a_retry_is_a_second_attempt_of_the_same_call(client, collected) -> None:
    headers = {"x-mock-fault": "error-503", "x-mock-fault-times": "1"}
    client.with_options(max_retries=2).chat.completions.create(**CHAT, extra_headers=headers)
    first, second = collected()
    assert first["call_id"] == second["call_id"]
    assert (first["attempt"], first["final"], first["status"]) == (1, False, "error")
    assert (second["attempt"], second["final"], second["status"]) == (2, True, "success")


def test_calls_in_a_row_are_calls_of_their_own_even_after_a_failure(client, collected) -> None:
    for fault in ("error-500", ""):
        headers = {"x-mock-fault": fault} if fault else {}
        try:
            client.chat.completions.create(**CHAT, extra_headers=headers)
        except openai.InternalServerError:
            continue
    first, second = collected()
    assert first["call_id"] != second["call_id"]
    assert first["final"] is second["final"] is True


def test_an_error_is_recorded_with_the_providers_own_word(client, collected) -> None:
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**CHAT, extra_headers={"x-mock-fault": "error-429"})
    (event,) = collected()
    assert (event["status"], event["http_status"]) == ("error", 429)
    assert event["error_class"] == "rate_limit_exceeded"
    assert event["usage"] is None


def test_a_stream_that_the_caller_leaves_is_cancelled(client, collected) -> None:
    stream = client.chat.completions.create(**CHAT, stream=True)
    next(iter(stream))
    stream.close()
    (event,) = collected()
    assert event["status"] == "cancelled"


def test_a_stream_that_is_dropped_without_being_closed_is_recorded(client, collected) -> None:
    stream = client.chat.completions.create(**CHAT, stream=True)
    next(iter(stream))
    del stream
    gc.collect()
    (event,) = collected()
    assert event["status"] == "cancelled"


def test_a_stream_that_breaks_off_is_an_error_with_what_is_known(claude, collected) -> None:
    headers = {"x-mock-fault": "disconnect-midstream"}
    with pytest.raises((anthropic.APIConnectionError, httpx2.RemoteProtocolError)):
        list(claude.messages.create(**MESSAGE, stream=True, extra_headers=headers))
    (event,) = collected()
    assert (event["status"], event["error_class"]) == ("error", "connection_lost")
    assert event["usage"]["input_tokens"] > 0
    assert event["extras"]["usage_partial"] is True


def test_a_timeout_is_an_error_of_its_own_class(client, collected) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).chat.completions.create(
            **CHAT, extra_headers={"x-mock-fault": "stall", "x-mock-stall-ms": "2000"}
        )
    (event,) = collected()
    assert (event["status"], event["error_class"]) == ("error", "timeout")


def test_a_refused_connection_is_an_error_of_its_own_class(q, free_port, collected) -> None:
    url = f"http://127.0.0.1:{free_port}/v1"
    client = q.wrap(openai.OpenAI(base_url=url, api_key="k", max_retries=0))
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)
    (event,) = collected()
    assert event["error_class"] == "connection_failed"


async def test_a_cancelled_task_is_recorded_as_cancelled(q, mock, collected) -> None:
    client = q.wrap(openai.AsyncOpenAI(base_url=mock.openai_url, api_key="k", max_retries=0))
    headers = {"x-mock-fault": "stall", "x-mock-stall-ms": "2000"}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(
            client.chat.completions.create(**CHAT, extra_headers=headers), timeout=0.1
        )
    (event,) = await asyncio.to_thread(collected)
    assert event["status"] == "cancelled"
    await client.close()


def test_what_is_not_billed_is_not_recorded(client, claude, collected) -> None:
    client.models.list()
    claude.messages.count_tokens(model="claude-haiku-4-5", messages=ASK)
    assert collected() == []


def test_wrapping_twice_is_once_and_gives_the_same_object(q, client, collected) -> None:
    assert q.wrap(client) is client
    assert isinstance(client, openai.OpenAI)
    client.chat.completions.create(**CHAT)
    assert len(collected()) == 1


def test_a_client_that_was_not_wrapped_is_not_recorded(plain, client, collected) -> None:
    plain.chat.completions.create(**CHAT)
    assert collected() == []


def test_the_provider_can_be_named_when_the_host_does_not_tell(q, mock, collected) -> None:
    with openai.OpenAI(base_url=mock.openai_url, api_key="k") as own:
        q.wrap(own, provider="groq").chat.completions.create(**CHAT)
    (event,) = collected()
    assert event["provider"] == "groq"


class Canned(BaseHTTPRequestHandler):
    """Answers a chat stream, gzipped, as a gateway would: with the id of its own event."""

    protocol_version = "HTTP/1.1"
    event_id: str | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        frames = [
            {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]},
            {"choices": [], "usage": usage},
        ]
        shell = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        text = "".join(f"data: {json.dumps({**shell, **frame})}\n\n" for frame in frames)
        body = gzip.compress((text + "data: [DONE]\n\n").encode())
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(body)))
        if self.event_id:
            self.send_header("x-quotah-event-id", self.event_id)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def canned():
    """Start a canned server that answers with (or without) an event id; gives its base URL."""
    servers = []

    def start(event_id: str | None = None) -> str:
        handler = type("Handler", (Canned,), {"event_id": event_id})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def test_usage_is_read_from_a_compressed_stream(q, canned, collected) -> None:
    with openai.OpenAI(base_url=canned(), api_key="k") as own:
        list(q.wrap(own).chat.completions.create(**CHAT, stream=True))
    (event,) = collected()
    assert event["usage"]["total_tokens"] == 9


def test_of_a_call_through_the_gateway_only_the_attribution_is_sent(q, canned, collected) -> None:
    url = canned("evt_019aa0000000700080000000000000ab")
    with openai.OpenAI(base_url=url, api_key="k") as own:
        client = q.wrap(own)
        with q.context(feature="search"):
            list(client.chat.completions.create(**CHAT, stream=True))
        list(client.chat.completions.create(**CHAT, stream=True))
    (event,) = collected()
    assert event["gateway_event_id"] == "evt_019aa0000000700080000000000000ab"
    assert event["feature"] == "search"
    assert event["usage"] is None
