"""Who speaks OpenAI's wire: Azure, Mistral, Groq, and a house of one's own, each under its own mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from clients.stand import API_VERSION, Stand
from vendorclients import Mistral, MistralError

ASK = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def azure(stand: Stand) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI(
        azure_endpoint=stand.base("azure"),
        api_key=stand.key,
        api_version=API_VERSION,
        max_retries=0,
    ) as client:
        yield client


def test_azures_client_names_a_deployment_and_the_answer_its_model(stand, azure) -> None:
    raw = azure.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASK)
    assert raw.content == stand.seen[0].body
    request = stand.seen[0].request
    assert request.path == "/openai/deployments/gpt-4o/chat/completions"
    assert request.query == f"api-version={API_VERSION}"
    assert request.headers["api-key"] == "sk-the-providers-own-key"
    assert stand.key not in str(request.headers)
    (event,) = stand.reconcile()
    assert raw.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert (event.call.provider, event.call.model) == ("azure", "gpt-4o-2024-08-06")


def test_azures_streams_keep_the_verdict_that_has_no_choices(stand, azure) -> None:
    chunks = list(azure.chat.completions.create(model="gpt-4o", messages=ASK, stream=True))
    assert chunks[0].choices == []
    assert chunks[0].prompt_filter_results
    assert all(chunk.usage is None for chunk in chunks)
    (event,) = stand.reconcile()
    assert event.cost_usd


def test_azures_client_embeds_and_is_refused_as_azure_does(stand, azure) -> None:
    assert azure.embeddings.create(model="text-embedding-3-small", input="x").data
    with pytest.raises(openai.RateLimitError):
        azure.chat.completions.create(model="mock-error-429", messages=ASK)
    assert [event.call.status for event in stand.reconcile()] == ["success", "error"]


async def test_azures_async_client_works_through_its_own_endpoint(stand) -> None:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=stand.base("azure"), api_key=stand.key, api_version=API_VERSION
    ) as client:
        stream = await client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
        assert [chunk async for chunk in stream]
    assert len(stand.reconcile()) == 1


def test_mistrals_client_answers_streams_and_embeds(stand) -> None:
    with Mistral(api_key=stand.key, server_url=stand.base("mistral")) as client:
        whole = client.chat.complete(model="mistral-large-latest", messages=ASK)
        with client.chat.stream(model="mistral-large-latest", messages=ASK) as stream:
            chunks = [event.data for event in stream]
        assert client.embeddings.create(model="mistral-embed", inputs=["x"]).data
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    first, second, third = stand.reconcile()
    assert first.call.provider == "mistral"
    assert first.cost_usd == second.cost_usd
    assert third.call.operation == "embeddings"


async def test_mistrals_client_works_asynchronously_with_tools_and_schemas(stand) -> None:
    function = {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    async with Mistral(api_key=stand.key, server_url=stand.base("mistral")) as client:
        answer = await client.chat.complete_async(
            model="mistral-large-latest",
            messages=[{"role": "user", "content": "get weather"}],
            tools=[{"type": "function", "function": function}],
        )
        formed = await client.chat.complete_async(
            model="mistral-large-latest", messages=ASK, response_format={"type": "json_object"}
        )
    assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"
    assert formed.choices[0].message.content == '{"answer":"example"}'
    assert len(stand.reconcile()) == 2


def test_mistrals_client_reads_errors_and_refusals(stand) -> None:
    with Mistral(api_key=stand.key, server_url=stand.base("mistral")) as client:
        with pytest.raises(MistralError) as limited:
            client.chat.complete(model="mock-error-429", messages=ASK)
        assert limited.value.status_code == 429
    with (
        Mistral(api_key="qk_gw_mistyped", server_url=stand.base("mistral")) as stranger,
        pytest.raises(MistralError) as refused,
    ):
        stranger.chat.complete(model="mistral-large-latest", messages=ASK)
    assert refused.value.status_code == 401
    assert len(stand.reconcile()) == 1


@pytest.mark.parametrize(
    ("mount", "model"), [("groq", "llama-3.3-70b-versatile"), ("house", "our-own-model")]
)
def test_any_mount_works_with_openais_client(stand: Stand, mount: str, model: str) -> None:
    asked: dict[str, Any] = {"model": model, "messages": ASK}
    with openai.OpenAI(base_url=stand.base(mount) + "/v1", api_key=stand.key) as client:
        whole = client.chat.completions.create(**asked).choices[0].message.content
        chunks = list(client.chat.completions.create(**asked, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole
    first, second = stand.reconcile()
    assert first.call.provider == mount
    assert first.cost_usd == second.cost_usd
    assert (first.cost_usd is None) == (mount == "house")
