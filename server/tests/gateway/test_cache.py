"""What makes two requests the same, what is never kept, and how much is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.routing import CachePolicy, Route, Target
from quotah_server.gateway.cache import (
    AnswerCache,
    call_of_hit,
    directive,
    hit_headers,
    is_repeatable,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = CachePolicy(ttl_s=60)
ROUTE = Route("r", "cached", cache=POLICY)
BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
SAME: dict[str, Any] = {
    "route": ROUTE, "workspace_id": "w1", "mount": "openai", "payer": "", "operation": "chat",
    "method": "POST", "target": "/v1/chat/completions?",
    "headers": [("content-type", "application/json"), ("anthropic-version", "2023-06-01")],
    "body": BODY,
}  # fmt: skip


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def call(**changes: Any) -> Call:
    told: dict[str, Any] = {
        "event_id": "e" * 32, "call_id": "c" * 32, "door": "gateway",
        "attribution": Attribution("w1", "p1", key_id="first", user="ann"), "provider": "openai",
        "operation": "chat", "model_requested": "gpt-4o", "model_response": "gpt-4o-2024-08-06",
        "raw_usage": {"prompt_tokens": 9, "completion_tokens": 1}, "status": "success",
        "http_status": 200, "started_at": NOON, "ended_at": NOON + timedelta(seconds=3),
        "first_byte_at": NOON, "streaming": True, "attempt": 3, "credential_id": "k",
        "provider_response_id": "chatcmpl-1", "provider_request_id": "req_1", "span_id": "s",
        "extras": {"speed": "fast"},
    }  # fmt: skip
    return Call(**{**told, **changes})


def key(**changes: Any) -> bytes | None:
    told = {**SAME, **changes}
    return AnswerCache().key(told.pop("route"), **told)


def keep(
    cache: AnswerCache,
    name: bytes,
    body: bytes = b"answer",
    policy: CachePolicy = POLICY,
    **more: Any,
) -> bool:
    keeper = cache.keeper(name, policy)
    for at in range(0, len(body), 3):
        keeper.add(body[at : at + 3])
    headers = more.pop("headers", [("content-type", "application/json")])
    return keeper.done(more.pop("status", 200), headers, call(**more))


def test_the_same_request_is_the_same() -> None:
    assert key() == key()
    assert key(headers=list(reversed(SAME["headers"]))) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"workspace_id": "w2"}, {"mount": "other"}, {"payer": "f" * 64}, {"operation": "completions"},
        {"target": "/v1/chat/completions?x=1"}, {"body": BODY + b" "}, {"headers": []},
        {"headers": [*SAME["headers"], ("anthropic-beta", "tools")]},
        {"headers": [*SAME["headers"], ("openai-beta", "assistants=v2")]},
        {"headers": [*SAME["headers"], ("accept", "text/event-stream")]},
        {"headers": [*SAME["headers"], ("openai-organization", "org")]},
        {"headers": [*SAME["headers"], ("anything-we-do-not-know", "1")]},
        {"may": (("gpt-4o",), ())}, {"may": ((), ("openai",))},
        {"route": Route("r2", "cached", cache=POLICY)},
        {"route": Route("r", "cached", cache=POLICY, targets=(Target(model="gpt-4o-mini"),))},
    ],
)  # fmt: skip
def test_another_one_is_another(change: dict[str, Any]) -> None:
    assert key(**change) not in (None, key())


@pytest.mark.parametrize(
    "name",
    ["user-agent", "x-stainless-retry-count", "x-stainless-read-timeout", "traceparent", "tracestate",
     "x-request-id", "idempotency-key", "baggage", "sentry-trace"],
)  # fmt: skip
def test_who_asks_and_how_it_is_traced_makes_no_other(name: str) -> None:
    assert key(headers=[*SAME["headers"], (name, "anything")]) == key()


@given(
    st.tuples(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6), st.text(max_size=6)),
    st.tuples(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6), st.text(max_size=6)),
)
def test_no_two_ways_to_cut_a_request_meet(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    names = ("workspace_id", "mount", "payer", "target")
    first, second = (key(**dict(zip(names, parts, strict=True))) for parts in (one, other))
    assert (first == second) == (one == other)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_only_a_post_is_kept(method: str) -> None:
    assert key(method=method) is None


@pytest.mark.parametrize(
    "operation", ["passthrough", "images", "speech", "transcription", "videos"]
)
def test_operations_whose_answers_are_not_theirs_alone_are_not_kept(operation: str) -> None:
    assert key(operation=operation) is None


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("responses", {"input": "x"}), ("responses", {"input": "x", "store": True}),
        ("responses", {"input": "x", "store": False, "previous_response_id": "resp_1"}),
        ("responses", {"input": "x", "store": False, "conversation": "conv_1"}),
        ("responses", {"input": "x", "store": False, "background": True}),
        ("responses", {"input": "x", "store": False, "tools": [{"type": "mcp", "server_url": "u"}]}),
        ("responses", {"store": False, "tools": [{"type": "code_interpreter", "container": "c"}]}),
        ("responses", {"store": False, "tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}),
        ("chat", {"messages": [], "store": True}), ("messages", {"messages": [], "container": "c"}),
        ("messages", {"messages": [], "mcp_servers": [{"url": "u"}]}),
        ("generate_content", {"contents": [], "cachedContent": "cachedContents/1"}),
        ("generate_content", {"contents": [], "tools": [{"codeExecution": {}}]}),
    ],
)  # fmt: skip
def test_what_the_provider_keeps_or_does_is_asked_of_the_provider(
    operation: str, body: dict[str, Any]
) -> None:
    assert not is_repeatable(operation, msgspec.json.encode(body))
    assert key(operation=operation, body=msgspec.json.encode(body)) is None


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("responses", {"input": "x", "store": False}),
        ("responses", {"input": "x", "store": False, "previous_response_id": None}),
        ("chat", {"messages": [], "store": False, "tools": [{"type": "function", "function": {}}]}),
        ("messages", {"messages": [{"role": "user", "content": "previous_response_id"}]}),
        ("embeddings", {"input": "store"}),
    ],
)  # fmt: skip
def test_what_depends_on_the_request_alone_is_kept(operation: str, body: dict[str, Any]) -> None:
    assert is_repeatable(operation, msgspec.json.encode(body))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"--form\r\n", b"[" * 100_000])
def test_a_body_that_is_no_object_is_not_kept(body: bytes) -> None:
    assert key(body=body) is None


@pytest.mark.parametrize(
    ("value", "wish"),
    [(None, ""), ("", ""), ("no-store", "no-store"), (" Refresh ", "refresh"), ("bypass", "bypass"),
     ("no-cache, hmm", "bypass")],
)  # fmt: skip
def test_a_wish_we_do_not_know_is_taken_as_the_cautious_one(value: str | None, wish: str) -> None:
    assert directive(value) == wish


def test_an_answer_is_given_again_as_it_was() -> None:
    time = Time()
    cache = AnswerCache(clock=time)
    headers = [
        ("content-type", "text/event-stream"), ("content-encoding", "gzip"), ("set-cookie", "secret"),
        ("x-request-id", "req_1"), ("x-ratelimit-remaining-requests", "3"), ("date", "yesterday"),
    ]  # fmt: skip
    assert keep(cache, b"k", b"data: 1\n\n", headers=headers)
    time.now += 12.7
    kept = cache.find(b"k")
    assert kept is not None
    assert (kept.status, kept.body) == (200, b"data: 1\n\n")
    assert kept.headers == [("content-type", "text/event-stream"), ("content-encoding", "gzip")]
    assert hit_headers(kept, cache.now) == [("x-quotah-cache", "hit"), ("age", "12")]
    assert (cache.hits, cache.misses, len(cache)) == (1, 0, 1)


def test_it_is_forgotten_when_its_time_is_over() -> None:
    time = Time()
    cache = AnswerCache(clock=time)
    keep(cache, b"k")
    time.now += 59.9
    assert cache.find(b"k") is not None
    time.now += 0.2
    assert cache.find(b"k") is None
    assert (len(cache), cache.size) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [{"status": 500}, {"status": 301}, {"status": 429}]
    + [{"call_status": one} for one in ("error", "cancelled", "interrupted")],
)  # fmt: skip
def test_what_did_not_end_well_is_not_kept(change: dict[str, Any]) -> None:
    cache = AnswerCache()
    keeper = cache.keeper(b"k", POLICY)
    keeper.add(b"half")
    ended = call(status=change.get("call_status", "success"))
    assert not keeper.done(change.get("status", 200), [], ended)
    assert cache.find(b"k") is None


def test_an_answer_beyond_its_bound_is_let_go_while_it_passes() -> None:
    cache = AnswerCache()
    assert keep(cache, b"k", b"x" * 100, CachePolicy(60, max_bytes=100))
    assert not keep(cache, b"l", b"x" * 101, CachePolicy(60, max_bytes=100))
    assert cache.find(b"l") is None


def test_an_answer_is_kept_once() -> None:
    cache = AnswerCache()
    keeper = cache.keeper(b"k", POLICY)
    keeper.add(b"x")
    assert keeper.done(200, [], call())
    assert not keeper.done(200, [], call())
    assert len(cache) == 1


def test_the_longest_unused_make_room_and_the_bound_holds() -> None:
    cache = AnswerCache(max_bytes=10 * 3_100)
    for number in range(10):
        keep(cache, b"%d" % number, b"x" * 1_000)
    cache.find(b"0")
    for number in range(10, 15):
        keep(cache, b"%d" % number, b"x" * 1_000)
        assert cache.size <= 10 * 3_100
    assert cache.find(b"0") is not None
    assert [cache.find(b"%d" % number) is not None for number in range(1, 6)] == [False] * 5
    assert cache.evicted == 5


def test_an_answer_larger_than_the_whole_cache_is_not_kept() -> None:
    cache = AnswerCache(max_bytes=3_000)
    assert not keep(cache, b"k", b"x" * 2_000)
    assert (len(cache), cache.size) == (0, 0)


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = AnswerCache(max_bytes=0)
    assert not keep(cache, b"k", b"")
    assert cache.find(b"k") is None


def test_a_newer_answer_takes_the_place_of_the_older_one() -> None:
    cache = AnswerCache()
    keep(cache, b"k", b"old")
    size = cache.size
    keep(cache, b"k", b"new")
    kept = cache.find(b"k")
    assert kept is not None
    assert (kept.body, cache.size, len(cache)) == (b"new", size, 1)


def test_the_call_of_a_hit_is_whose_it_is_and_used_what_the_first_one_did() -> None:
    cache = AnswerCache()
    keep(cache, b"k")
    kept = cache.find(b"k")
    assert kept is not None
    who = Attribution("w1", "p2", key_id="second", user="bob")
    found = call_of_hit(
        kept, event_id="1" * 32, call_id="2" * 32, attribution=who, route_id="r",
        started_at=NOON + timedelta(hours=1), ended_at=NOON + timedelta(hours=1, milliseconds=1),
    )  # fmt: skip
    assert (found.from_cache, found.attribution, found.route_id) == (True, who, "r")
    assert (found.event_id, found.call_id, found.attempt, found.final) == (
        "1" * 32,
        "2" * 32,
        1,
        True,
    )
    assert found.raw_usage == call().raw_usage
    assert found.extras == {"speed": "fast"}
    assert (found.model, found.provider, found.http_status) == ("gpt-4o-2024-08-06", "openai", 200)
    assert found.credential_id is None
    assert found.provider_request_id is None
    assert found.span_id is None
    assert found.ended_at - found.started_at == timedelta(milliseconds=1)
