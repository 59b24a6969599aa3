"""Keys with limits over the wire: refused in the vendor's shape before the provider hears of it."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import httpx2
import msgspec
from gateway.rig import DEADLINE_S, Rig, reply, stream, until

CHAT, MESSAGES = "/openai/v1/chat/completions", "/anthropic/v1/messages"
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
ANSWER = (
    b'{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0}],'
    b'"usage":{"prompt_tokens":90,"completion_tokens":10,"total_tokens":100}}'
)
_CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":'
STREAMED = [
    _CHUNK + b'[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n',
    _CHUNK + b'[],"usage":{"prompt_tokens":900,"completion_tokens":100,"total_tokens":1000}}\n\n',
    b"data: [DONE]\n\n",
]


def limited(rig: Rig, requests: int | None = None, tokens: int | None = None) -> None:
    made = rig.make_snapshot(2)
    keys = {
        name: msgspec.structs.replace(key, requests_per_minute=requests, tokens_per_minute=tokens)
        for name, key in made.keys.items()
    }
    rig.publish(msgspec.structs.replace(made, keys=keys))
    assert rig.gateway is not None
    assert rig.gateway.holder.wait_for(2, DEADLINE_S)


def post(rig: Rig, path: str = CHAT, **changes: Any) -> httpx2.Response:
    body = {**ASK, **changes}
    return httpx2.post(rig.url + path, json=body, headers=rig.bearer, timeout=DEADLINE_S)


def test_many_at_once_are_let_in_as_often_as_the_key_says(rig: Rig) -> None:
    rig.provider.answer = reply(ANSWER)
    limited(rig, requests=10)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(rig), range(40)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (10, 30)
    assert len(rig.provider.received) == 10
    assert len(rig.events(10)) == 10


def test_without_limits_all_are_let_in(rig: Rig) -> None:
    rig.provider.answer = reply(ANSWER)
    limited(rig)
    assert {post(rig).status_code for _ in range(12)} == {200}


def test_the_refusal_is_the_vendors_own(rig: Rig) -> None:
    rig.provider.answer = reply(ANSWER)
    limited(rig, requests=1)
    post(rig)
    openai, anthropic = post(rig), post(rig, MESSAGES)
    assert openai.status_code == anthropic.status_code == 429
    assert openai.json()["error"]["code"] == "key_rate_limited"
    assert openai.json()["error"]["type"] == "rate_limit_error"
    assert anthropic.json()["type"] == "error"
    assert anthropic.json()["error"]["type"] == "rate_limit_error"
    for answer in (openai, anthropic):
        wait_s, wait_ms = int(answer.headers["retry-after"]), int(answer.headers["retry-after-ms"])
        assert 0 < wait_ms <= wait_s * 1000 <= 61_000
        assert answer.headers["x-ratelimit-limit-requests"] == "1"
        assert "x-quotah-request-id" in answer.headers


def test_a_stream_is_settled_with_what_it_used(rig: Rig) -> None:
    rig.provider.answer = stream(STREAMED)
    limited(rig, tokens=1_100)
    assert post(rig, stream=True).status_code == 200
    rig.events(1)
    refused = post(rig, max_tokens=200)
    assert refused.status_code == 429
    assert refused.headers["x-ratelimit-remaining-tokens"] == "100"


def test_a_call_that_failed_gives_its_tokens_back(rig: Rig) -> None:
    rig.provider.answer = reply(b'{"error":{"message":"no"}}', status=500)
    limited(rig, tokens=1_000)
    for _ in range(5):
        assert post(rig, max_tokens=900).status_code == 500


def test_a_call_whose_client_went_away_holds_what_it_used_and_no_more(rig: Rig) -> None:
    rig.provider.answer = stream(STREAMED, pause_s=0.05)
    limited(rig, tokens=3_000)
    body = {**ASK, "stream": True, "max_tokens": 2_500}
    with httpx2.stream("POST", rig.url + CHAT, json=body, headers=rig.bearer) as response:
        next(response.iter_raw())
    rig.events(1)
    rig.provider.answer = reply(ANSWER)
    until(lambda: post(rig, max_tokens=1_500).status_code == 200, "the rest is free again")


def test_a_request_that_is_too_large_for_its_key_is_refused_for_good(rig: Rig) -> None:
    rig.provider.answer = reply(ANSWER)
    limited(rig, tokens=50)
    refused = post(rig, messages=[{"role": "user", "content": "word " * 500}])
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "key_request_too_large")
    assert "retry-after" not in refused.headers
    assert refused.headers["x-should-retry"] == "false"
    assert rig.provider.received == []


def test_what_is_free_counts_as_no_request(rig: Rig) -> None:
    rig.provider.answer = reply(b'{"object":"list","data":[]}')
    limited(rig, requests=1)
    for _ in range(3):
        url = f"{rig.url}/openai/v1/models"
        assert httpx2.get(url, headers=rig.bearer, timeout=DEADLINE_S).status_code == 200
