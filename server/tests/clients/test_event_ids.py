"""Every answer tells its event; one that has none tells the id of the request, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from clients.stand import API_VERSION, Stand
from vendorclients import Mistral, MistralError, cohere, genai, genai_errors, genai_types

ASK = [{"role": "user", "content": "Hello"}]
Headers = Mapping[str, str]


def openais(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    with openai.OpenAI(base_url=stand.base("openai") + "/v1", api_key=key, max_retries=0) as client:
        return _asked(client, model, stream)


def azures(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    with openai.AzureOpenAI(
        azure_endpoint=stand.base("azure"), api_key=key, api_version=API_VERSION, max_retries=0
    ) as client:
        return _asked(client, model, stream)


def _asked(client: openai.OpenAI, model: str, stream: bool) -> Headers:
    try:
        raw = client.chat.completions.with_raw_response.create(
            model=model, messages=ASK, stream=stream
        )
    except openai.APIStatusError as error:
        return error.response.headers
    if stream:
        assert list(raw.parse())
    return raw.headers


def anthropics(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    asked: dict[str, Any] = {"model": model, "max_tokens": 99, "messages": ASK, "stream": stream}
    with anthropic.Anthropic(
        base_url=stand.base("anthropic"), api_key=key, max_retries=0
    ) as client:
        try:
            raw = client.messages.with_raw_response.create(**asked)
        except anthropic.APIStatusError as error:
            return error.response.headers
        if stream:
            assert list(raw.parse())
        return raw.headers


def googles(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    options = genai_types.HttpOptions(base_url=stand.base("gemini"))
    with genai.Client(api_key=key, http_options=options) as client:
        try:
            if stream:
                chunks = list(client.models.generate_content_stream(model=model, contents="Hello"))
                return chunks[0].sdk_http_response.headers
            answer = client.models.generate_content(model=model, contents="Hello")
        except genai_errors.APIError as error:
            return error.response.headers
        return answer.sdk_http_response.headers


def coheres(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    options = {"max_retries": 0}
    asked: dict[str, Any] = {"model": model, "messages": ASK, "request_options": options}
    with cohere.ClientV2(api_key=key, base_url=stand.base("cohere")) as client:
        try:
            if not stream:
                return client.with_raw_response.chat(**asked).headers
            with client.with_raw_response.chat_stream(**asked) as raw:
                assert list(raw.data)
                return raw.headers
        except cohere.core.ApiError as error:
            return error.headers


def mistrals(stand: Stand, key: str, model: str, stream: bool) -> Headers:
    seen: list[httpx2.Headers] = []
    asked: dict[str, Any] = {"model": model, "messages": ASK}
    with Mistral(api_key=key, server_url=stand.base("mistral")) as client:
        try:
            if stream:
                with client.chat.stream(**asked) as events:
                    seen.append(events.response.headers)
                    assert list(events)
                return seen[0]
            client.chat.complete(**asked)
        except MistralError as error:
            return error.headers
    # A whole answer of this client hides its headers: the gateway's are asked for on the wire.
    url = stand.base("mistral") + "/v1/chat/completions"
    return httpx2.post(url, json=asked, headers={"authorization": f"Bearer {key}"}).headers


CLIENTS = pytest.mark.parametrize("ask", [openais, azures, anthropics, googles, coheres, mistrals])


@CLIENTS
@pytest.mark.parametrize("stream", [False, True])
def test_a_good_answer_tells_its_event(stand: Stand, ask: Any, stream: bool) -> None:
    headers = ask(stand, stand.key, "a-model", stream)
    event = stand.reconcile()[-1]
    assert headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert headers["x-quotah-request-id"] == event.call.call_id


@CLIENTS
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_providers_error_tells_its_event(
    stand: Stand, ask: Any, stream: bool, status: int
) -> None:
    headers = ask(stand, stand.key, f"mock-error-{status}", stream)
    (event,) = stand.reconcile()
    assert event.call.http_status == status
    assert headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"


@CLIENTS
def test_a_refusal_has_no_event_and_tells_the_request(stand: Stand, ask: Any) -> None:
    headers = ask(stand, "qk_gw_mistyped", "a-model", False)
    assert len(headers["x-quotah-request-id"]) == 32
    assert "x-quotah-event-id" not in headers
    assert stand.seen == []
    assert stand.reconcile() == []
