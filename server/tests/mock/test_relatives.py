"""Who speaks OpenAI's wire with an accent: Azure and Mistral."""

from __future__ import annotations

import openai
import pytest
from vendorclients import Mistral, MistralError

from quotah_server.mock.background import BackgroundMock

ASK = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def azure(mock: BackgroundMock):
    with openai.AzureOpenAI(
        azure_endpoint=mock.azure_url, api_key="k", api_version="2024-10-21", max_retries=0
    ) as client:
        yield client


def test_azure_answers_for_the_model_of_a_deployment(mock, azure) -> None:
    answer = azure.chat.completions.create(model="gpt-4o", messages=ASK)
    assert answer.model == "gpt-4o-2024-08-06"
    assert mock.log()[0].provider == "azure"
    assert mock.log()[0].usage == answer.usage.to_dict()


def test_azures_streams_begin_with_a_verdict_that_has_no_choices(azure) -> None:
    first, *rest = azure.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    assert first.choices == []
    assert first.prompt_filter_results
    assert all(chunk.choices for chunk in rest)


def test_azure_wants_a_version_and_its_own_key_header(mock, azure) -> None:
    bare = openai.OpenAI(
        base_url=f"{mock.azure_url}/openai/deployments/gpt-4o", api_key="k", max_retries=0
    )
    with bare, pytest.raises(openai.NotFoundError):
        bare.chat.completions.create(model="gpt-4o", messages=ASK)
    with pytest.raises(openai.RateLimitError) as caught:
        azure.chat.completions.create(model="mock-error-429", messages=ASK)
    assert caught.value.body["code"] == "429"


def test_mistral_tells_a_streams_usage_unasked(mock) -> None:
    with Mistral(api_key="k", server_url=mock.mistral_url) as client:
        with client.chat.stream(model="mistral-large-latest", messages=ASK) as stream:
            chunks = [event.data for event in stream]
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.total_tokens == mock.log()[0].usage["total_tokens"]
        with pytest.raises(MistralError):
            client.chat.complete(model="mock-error-401", messages=ASK)
    assert mock.log()[0].provider == "mistral"
