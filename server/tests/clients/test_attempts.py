"""Who tries again: the client, which makes new calls, or a route of the gateway, which makes attempts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from clients.stand import Stand
from vendorclients import cohere, genai, genai_types

from quotah_server.domain.routing import Match, Retry, Route, Target, Timeouts

ASK = [{"role": "user", "content": "Hello"}]
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": ASK}
MESSAGE: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 99, "messages": ASK}
RETRIED = Route(id="r" * 32, name="Again", retry=Retry(tries=3, backoff_ms=1))


def chat(stand: Stand) -> str | None:
    with openai.OpenAI(base_url=stand.base("openai") + "/v1", api_key=stand.key) as client:
        return client.chat.completions.create(**CHAT).choices[0].message.content


def message(stand: Stand) -> str:
    with anthropic.Anthropic(base_url=stand.base("anthropic"), api_key=stand.key) as client:
        return client.messages.create(**MESSAGE).content[0].text


def content(stand: Stand) -> str | None:
    retry = genai_types.HttpRetryOptions(attempts=3, initial_delay=0.01)
    options = genai_types.HttpOptions(base_url=stand.base("gemini"), retry_options=retry)
    with genai.Client(api_key=stand.key, http_options=options) as client:
        return client.models.generate_content(model="gemini-2.5-flash", contents="Hello").text


def command(stand: Stand) -> str:
    with cohere.ClientV2(api_key=stand.key, base_url=stand.base("cohere")) as client:
        return client.chat(model="command-r7b-12-2024", messages=ASK).message.content[0].text


ASKERS = pytest.mark.parametrize("ask", [chat, message, content, command])


@ASKERS
def test_a_client_that_tries_again_makes_two_calls(
    stand: Stand, ask: Callable[[Stand], str]
) -> None:
    stand.mock.plan(times=1, fault="error-500", retry_after_ms=1)
    assert ask(stand)
    first, second = stand.reconcile()
    assert (first.call.http_status, second.call.status) == (500, "success")
    assert first.call.call_id != second.call.call_id
    assert (first.call.final, second.call.final) == (True, True)
    assert first.cost_usd == 0
    assert second.cost_usd


@ASKERS
def test_a_route_that_tries_again_makes_one_call_of_two_attempts(
    tmp_path: Path, ask: Callable[[Stand], str]
) -> None:
    with Stand(tmp_path, routes=(RETRIED,)) as stand:
        stand.mock.plan(times=1, fault="error-500")
        assert ask(stand)
        first, second = stand.reconcile()
    assert first.call.call_id == second.call.call_id
    assert first.call.event_id != second.call.event_id
    assert [(e.call.attempt, e.call.final) for e in (first, second)] == [(1, False), (2, True)]
    assert first.cost_usd == 0
    assert second.cost_usd


def test_the_answer_of_a_second_attempt_tells_that_one(tmp_path: Path) -> None:
    with Stand(tmp_path, routes=(RETRIED,)) as stand:
        stand.mock.plan(times=2, fault="error-529")
        with openai.OpenAI(
            base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
        ) as client:
            raw = client.chat.completions.with_raw_response.create(**CHAT)
        *_, last = stand.reconcile()
    assert raw.headers["x-quotah-event-id"] == f"evt_{last.call.event_id}"
    assert raw.headers["x-quotah-attempts"] == "3"
    assert raw.headers["x-quotah-request-id"] == last.call.call_id


def test_a_stream_is_tried_again_before_its_first_byte(tmp_path: Path) -> None:
    with Stand(tmp_path, routes=(RETRIED,)) as stand:
        stand.mock.plan(times=1, fault="error-503")
        with openai.OpenAI(
            base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
        ) as client:
            chunks = list(client.chat.completions.create(**CHAT, stream=True))
        assert chunks[-1].choices[0].finish_reason == "stop"
        first, second = stand.reconcile()
    assert (first.call.streaming, second.call.streaming) == (True, True)
    assert second.cost_usd


def test_a_client_falls_back_on_another_model_without_knowing(tmp_path: Path) -> None:
    route = Route(
        id="r" * 32,
        name="Fallback",
        match=Match(models=("mock-error-503",)),
        targets=(Target(), Target(model="gpt-4o-mini")),
    )
    with Stand(tmp_path, routes=(route,)) as stand:
        with openai.OpenAI(
            base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
        ) as client:
            answer = client.chat.completions.create(model="mock-error-503", messages=ASK)
        assert answer.model == "gpt-4o-mini-2024-07-18"
        first, second = stand.reconcile()
    assert first.call.call_id == second.call.call_id
    assert second.call.model == "gpt-4o-mini-2024-07-18"


def test_a_spent_quota_is_not_tried_again(tmp_path: Path) -> None:
    with Stand(tmp_path, routes=(RETRIED,)) as stand:
        stand.mock.plan(fault="error-429", error_code="insufficient_quota", retry_after_ms=1)
        with (
            openai.OpenAI(
                base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
            ) as client,
            pytest.raises(openai.RateLimitError) as caught,
        ):
            client.chat.completions.create(**CHAT)
        assert caught.value.code == "insufficient_quota"
        assert len(stand.reconcile()) == 1


def test_a_client_that_loses_patience_is_billed_exactly_for_each_try(stand: Stand) -> None:
    headers = {"x-mock-first-byte-ms": "1500"}
    with (
        openai.OpenAI(
            base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=1, timeout=0.2
        ) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.chat.completions.create(**CHAT, extra_headers=headers)
    events = stand.reconcile()
    assert [event.cost_status for event in events] == ["computed", "computed"]
    assert [entry.outcome for entry in stand.mock.log()] == ["complete", "complete"]


def test_a_route_loses_patience_before_the_client_does(tmp_path: Path) -> None:
    route = Route(id="r" * 32, name="Soon", timeouts=Timeouts(first_byte_ms=300))
    with Stand(tmp_path, routes=(route,)) as stand:
        began = time.monotonic()
        with (
            openai.OpenAI(
                base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
            ) as client,
            pytest.raises(openai.APIStatusError) as caught,
        ):
            client.chat.completions.create(**CHAT, extra_headers={"x-mock-first-byte-ms": "15000"})
        assert caught.value.status_code == 504
        assert time.monotonic() - began < 12
        event_id = caught.value.response.headers["x-quotah-event-id"]
        stand.stop()
        (event,) = stand.control.events
        stand.reconciled = True
    assert event_id == f"evt_{event.call.event_id}"


def test_a_provider_that_is_not_there_is_one_event_of_an_error(tmp_path: Path) -> None:
    with Stand(tmp_path) as stand:
        stand.mock.__exit__(None, None, None)
        with httpx2.Client() as plain:
            answer = plain.post(
                stand.base("openai") + "/v1/chat/completions", json=CHAT, headers=stand.bearer
            )
        assert answer.status_code == 502
        stand.stop()
        (event,) = stand.control.events
        stand.reconciled = True
        stand.mock = type(stand.mock)().__enter__()
    assert answer.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert (event.call.status, event.cost_usd) == ("error", 0)
