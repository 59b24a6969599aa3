"""The log of billed requests."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest

from quotah_server.mock.background import BackgroundMock

ASK = [{"role": "user", "content": "Hello"}]


def fetch(url: str, method: str = "GET") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
        return answer.read()


def settled(mock: BackgroundMock, deadline_s: float = 5.0) -> list[str]:
    """Outcomes once none is open any more."""
    end = time.monotonic() + deadline_s
    while any(entry.outcome == "open" for entry in mock.log()):
        assert time.monotonic() < end, mock.log()
        time.sleep(0.01)
    return [entry.outcome for entry in mock.log()]


def streamed_whole(client) -> str:
    """The id of a streamed answer that was read to its end: a dropped stream may be gone first."""
    return {
        chunk.id
        for chunk in client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    }.pop()


def test_each_billed_request_has_exactly_one_line(mock, client, claude) -> None:
    ids = [
        client.chat.completions.create(model="gpt-4o", messages=ASK).id,
        streamed_whole(client),
        client.responses.create(model="gpt-4o", input="Hello").id,
        claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASK).id,
    ]
    client.models.list()
    claude.messages.count_tokens(model="claude-haiku-4-5", messages=ASK)
    settled(mock)
    lines = [json.loads(line) for line in fetch(f"{mock.url}/mock/log").splitlines()]
    assert [line["id"] for line in lines] == ids
    assert [line["n"] for line in lines] == [1, 2, 3, 4]
    assert [line["outcome"] for line in lines] == ["complete"] * 4
    assert [line["operation"] for line in lines] == ["chat", "chat", "responses", "messages"]
    assert [line["streaming"] for line in lines] == [False, True, False, False]


def test_the_line_holds_the_usage_that_the_client_saw(mock, client) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert mock.log()[0].usage == answer.usage.to_dict()


def test_the_line_holds_headers_but_never_the_key(mock, client) -> None:
    client.chat.completions.create(
        model="gpt-4o", messages=ASK, extra_headers={"x-quotah-feature": "search"}
    )
    line = fetch(f"{mock.url}/mock/log").decode()
    assert json.loads(line)["headers"]["x-quotah-feature"] == "search"
    assert len(json.loads(line)["key_fingerprint"]) == 16
    assert "sk-test" not in line


def test_lines_can_be_asked_for_from_a_number_on_and_deleted(mock, client) -> None:
    for _ in range(3):
        client.embeddings.create(model="text-embedding-3-small", input="x")
    assert len(fetch(f"{mock.url}/mock/log?after=2").splitlines()) == 1
    fetch(f"{mock.url}/mock/log", "DELETE")
    assert fetch(f"{mock.url}/mock/log") == b""
    client.embeddings.create(model="text-embedding-3-small", input="x")
    assert json.loads(fetch(f"{mock.url}/mock/log"))["n"] == 4


def test_a_client_that_leaves_mid_stream_is_billed_for_what_was_generated(mock, client) -> None:
    headers = {"x-mock-pace-ms": "10", "x-mock-deltas": "200", "x-mock-output-tokens": "400"}
    stream = client.chat.completions.create(
        model="gpt-4o", messages=ASK, stream=True, extra_headers=headers
    )
    next(iter(stream))
    stream.close()
    assert settled(mock) == ["client_gone"]
    assert mock.log()[0].usage["completion_tokens"] < 400


def test_settled_lines_are_written_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "mock.jsonl"
    body = json.dumps({"model": "text-embedding-3-small", "input": "x"}).encode()
    with BackgroundMock(log_path=path) as mock:
        request = urllib.request.Request(
            f"{mock.openai_url}/embeddings", body, {"authorization": "Bearer k"}
        )
        urllib.request.urlopen(request, timeout=5).close()
    assert [json.loads(line)["outcome"] for line in path.read_text().splitlines()] == ["complete"]


def test_a_port_in_use_is_an_error_at_the_start(mock) -> None:
    with pytest.raises(OSError, match="in use"), BackgroundMock(port=mock.port):
        pass


def test_a_log_file_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        BackgroundMock(log_path=tmp_path)
