"""The caller's results and exceptions are the same with and without the SDK, whatever breaks in it."""

from __future__ import annotations

import openai
import pytest

from quotah import Quotah, capture, digest, hook, sender
from quotah_server.mock.background import BackgroundMock

ASK = [{"role": "user", "content": "Hi"}]
FAULTS = [
    "",
    "error-400",
    "error-401",
    "error-429",
    "error-500",
    "disconnect",
    "reset",
    "disconnect-midstream",
    "truncated",
    "html",
    "garbage",
    "error-midstream",
    "no-usage",
    "one-byte",
]
CALLS = {
    "chat": lambda c, h: c.chat.completions.create(model="gpt-4o", messages=ASK, extra_headers=h),
    "stream": lambda c, h: list(
        c.chat.completions.create(model="gpt-4o", messages=ASK, stream=True, extra_headers=h)
    ),
    "responses": lambda c, h: list(
        c.responses.create(model="gpt-4o", input="Hi", stream=True, extra_headers=h)
    ),
    "raw": lambda c, h: (
        c.embeddings.with_raw_response.create(
            model="text-embedding-3-small", input="Hi", extra_headers=h
        ).text
    ),
}
PARTS = {
    "the capture is made": (hook, "Capture"),
    "words are looked up": (hook, "current_words"),
    "the stream is swapped": (hook, "_listening_type"),
    "the capture is kept": (sender.Sender, "keep"),
    "the capture is read": (sender, "digest"),
    "usage is read": (digest, "_read"),
    "an id is made": (digest, "event_id"),
}


def outcome(client, call, fault: str) -> object:
    """What the caller sees: the answer without what differs every time, or the exception."""
    headers = {"x-mock-fault": fault} if fault else {}
    try:
        found = call(client, headers)
    except Exception as error:  # noqa: BLE001 (all of them are compared)
        return type(error), str(error), [type(e) for e in chain(error)]
    return [strip(part) for part in found] if isinstance(found, list) else strip(found)


def chain(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def strip(value: object) -> object:
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict):
        fleeting = ("id", "created", "created_at", "item_id", "response_id")
        return {k: strip(v) for k, v in value.items() if k not in fleeting}
    if isinstance(value, list):
        return [strip(item) for item in value]
    return value


def open_client(mock: BackgroundMock) -> openai.OpenAI:
    return openai.OpenAI(base_url=mock.openai_url, api_key="k", max_retries=0)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_result_or_exception_is_the_same(name, fault, mock, plain, client) -> None:
    expected = outcome(plain, CALLS[name], fault)
    assert outcome(client, CALLS[name], fault) == expected


@pytest.mark.parametrize("error", [MemoryError, RecursionError, RuntimeError, AttributeError])
@pytest.mark.parametrize("part", PARTS)
def test_results_are_the_same_while_a_part_of_ours_raises(
    part, error, monkeypatch, mock, plain, sink
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise error("ours")

    where, attribute = PARTS[part]
    monkeypatch.setattr(where, attribute, broken)
    q = Quotah(sink.url, "qk_in_test")
    with open_client(mock) as own:
        client = q.wrap(own)
        for call in CALLS.values():
            for fault in ("", "error-500", "disconnect-midstream"):
                assert outcome(client, call, fault) == outcome(plain, call, fault)
    assert q.flush(10)
    lost_only_when_streamed = part == "the stream is swapped"
    assert all(lost_only_when_streamed and not event["streaming"] for event in sink.events)


def test_the_parts_that_are_broken_above_are_parts_in_use(client, collected) -> None:
    client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert len(collected()) == 1
    assert all(hasattr(where, attribute) for where, attribute in PARTS.values())


def test_a_client_that_is_not_understood_comes_back_untouched(q, caplog) -> None:
    class Other:
        """Not a client."""

    other = Other()
    assert q.wrap(other) is other
    assert "Other" in caplog.text
    assert vars(other) == {}


def test_type_signature_and_class_are_untouched(mock, q) -> None:
    with open_client(mock) as own:
        http = own._client
        kind, doc = type(http), http.send.__doc__
        class_send = kind.send
        q.wrap(own)
        assert type(http) is kind
        assert kind.send is class_send
        assert http.send.__doc__ == doc
        assert http.send.__name__ == "send"


def test_an_id_is_a_uuid_of_version_7_that_sorts_by_time() -> None:
    ids = [capture.event_id(ms * 1_000_000) for ms in (1_700_000_000_000, 1_700_000_000_001)]
    assert ids == sorted(ids)
    assert all(one[14] == "7" and one[19] in "89ab" for one in ids)
    assert ids[0].replace("-", "").startswith(f"{1_700_000_000_000:012x}")
