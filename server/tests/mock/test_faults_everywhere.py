"""Every fault on every vendor's wire, whole and streamed: what the socket shows, and what is billed."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import msgspec
import pytest

from quotah_server.mock.background import BackgroundMock
from quotah_server.mock.ledger import Entry
from quotah_server.mock.script import FAULT_NAMES

ASK = [{"role": "user", "content": "Hello"}]
CHAT: dict[str, Any] = {"model": "m", "messages": ASK}
CONTENT = {"contents": [{"parts": [{"text": "Hello"}]}]}
MODEL = "/gemini/v1beta/models/m"
WIRES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "openai": ("/openai/v1/chat/completions", CHAT, "/openai/v1/chat/completions", {"stream": True}),
    "responses": (
        "/openai/v1/responses", {"model": "m", "input": "Hello"},
        "/openai/v1/responses", {"stream": True},
    ),
    "azure": (
        "/openai/deployments/m/chat/completions?api-version=1", CHAT,
        "/openai/deployments/m/chat/completions?api-version=1", {"stream": True},
    ),
    "anthropic": (
        "/anthropic/v1/messages", {**CHAT, "max_tokens": 500},
        "/anthropic/v1/messages", {"stream": True},
    ),
    "gemini": (f"{MODEL}:generateContent", CONTENT, f"{MODEL}:streamGenerateContent?alt=sse", {}),
    "gemini array": (f"{MODEL}:generateContent", CONTENT, f"{MODEL}:streamGenerateContent", {}),
    "cohere": ("/cohere/v2/chat", CHAT, "/cohere/v2/chat", {"stream": True}),
    "mistral": ("/mistral/v1/chat/completions", CHAT, "/mistral/v1/chat/completions", {"stream": True}),
}  # fmt: skip
SETTINGS = {
    "x-mock-stall-ms": "30",
    "x-mock-deltas": "6",
    "x-mock-text": "Twelve words or so, of which each may be the one that breaks.",
}
UNBILLED = {"disconnect", "reset", "html"}
CUT_IN_STREAMS = {"disconnect-midstream", "reset-midstream", "error-midstream", "truncated"}


def ask(mock: BackgroundMock, wire: str, fault: str, *, stream: bool) -> tuple[int, bytes] | None:
    """Status and body; None where the connection broke."""
    path, body, stream_path, more = WIRES[wire]
    headers = {
        "authorization": "Bearer k",
        "x-goog-api-key": "k",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "x-mock-fault": fault,
        **SETTINGS,
        **({"x-mock-write-pause-ms": "0"} if fault == "trickle" else {}),
    }
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=20)
    try:
        text = json.dumps({**body, **more} if stream else body)
        connection.request("POST", stream_path if stream else path, text, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, ConnectionError):
        return None
    finally:
        connection.close()


def settled(mock: BackgroundMock, after: int) -> list[Entry]:
    """The log's lines from a place on, once none is open: a cut is settled after its last bytes."""
    end = time.monotonic() + 20
    while any(line.outcome == "open" for line in mock.log()[after:]):
        assert time.monotonic() < end, mock.log()[after:]
        time.sleep(0.005)
    return mock.log()[after:]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stream", [False, True])
def test_each_fault_is_billed_as_the_guide_says(
    mock: BackgroundMock, wire: str, stream: bool
) -> None:
    for fault in sorted(FAULT_NAMES):
        before = len(mock.log())
        found = ask(mock, wire, fault, stream=stream)
        lines = settled(mock, before)
        if fault in UNBILLED or (fault == "error-midstream" and not stream):
            assert lines == [], fault
            continue
        (line,) = lines
        cut = fault in CUT_IN_STREAMS and (stream or fault != "error-midstream")
        assert line.outcome == ("cut" if cut else "complete"), fault
        assert line.streaming == stream
        assert (found is None) == fault.endswith(("disconnect-midstream", "reset-midstream")), fault


@pytest.mark.parametrize("wire", WIRES)
def test_a_whole_answer_and_a_stream_bill_the_same(mock: BackgroundMock, wire: str) -> None:
    for stream in (False, True):
        assert ask(mock, wire, "one-byte", stream=stream)
    first, second = mock.log()
    assert first.usage == second.usage


@pytest.mark.parametrize("wire", WIRES)
def test_every_status_has_a_body_in_the_vendors_shape(mock: BackgroundMock, wire: str) -> None:
    for status in (401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 529):
        found = ask(mock, wire, f"error-{status}", stream=True)
        assert found is not None
        body = msgspec.json.decode(found[1])
        assert found[0] == status
        message = body["message"] if "message" in body else body["error"]["message"]
        assert message
    assert mock.log() == []
