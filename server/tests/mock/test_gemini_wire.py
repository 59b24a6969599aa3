"""Gemini's wire, read by Google's own client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from vendorclients import genai, genai_errors, genai_types

from quotah_server.mock.background import BackgroundMock

MODEL = "gemini-2.5-flash"
PIXEL = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def gemini(mock: BackgroundMock) -> Iterator[genai.Client]:
    options = genai_types.HttpOptions(base_url=mock.gemini_url)
    with genai.Client(api_key="k", http_options=options) as client:
        yield client


def post(mock: BackgroundMock, verb: str, headers: dict[str, str] | None = None) -> bytes:
    body = json.dumps({"contents": [{"parts": [{"text": "Hello"}]}]}).encode()
    request = urllib.request.Request(
        f"{mock.gemini_url}/v1beta/models/{MODEL}:{verb}",
        body,
        {"x-goog-api-key": "k", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read()


def test_an_answer_tells_thoughts_beside_candidates_and_a_total_of_all(mock, gemini) -> None:
    answer = gemini.models.generate_content(model=MODEL, contents="Hello")
    usage = answer.usage_metadata
    assert answer.text
    assert answer.candidates[0].finish_reason == "STOP"
    assert usage.thoughts_token_count == 128
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )
    assert mock.log()[0].usage["candidatesTokenCount"] == usage.candidates_token_count


def test_a_streams_counts_grow_and_its_last_ones_are_billed(mock, gemini) -> None:
    chunks = list(gemini.models.generate_content_stream(model=MODEL, contents="Hello"))
    counts = [chunk.usage_metadata.total_token_count for chunk in chunks]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert mock.log()[0].usage["totalTokenCount"] == counts[-1]
    whole = gemini.models.generate_content(model=MODEL, contents="Hello")
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text


def test_a_stream_without_events_is_one_array(mock) -> None:
    members = json.loads(post(mock, "streamGenerateContent"))
    assert members[-1]["candidates"][0]["finishReason"] == "STOP"
    assert mock.log()[0].streaming
    events = post(mock, "streamGenerateContent?alt=sse")
    assert events.count(b"\r\n\r\n") == len(members)


def test_a_repeated_prefix_is_read_from_the_cache_and_stays_in_the_prompts_count(gemini) -> None:
    text = "Long. " * 1000
    gemini.models.generate_content(model=MODEL, contents=text)
    usage = gemini.models.generate_content(model=MODEL, contents=text).usage_metadata
    assert 1024 <= usage.cached_content_token_count < usage.prompt_token_count


def test_pictures_are_counted_apart(gemini) -> None:
    picture = genai_types.Part.from_bytes(data=PIXEL, mime_type="image/png")
    usage = gemini.models.generate_content(model=MODEL, contents=["Look", picture]).usage_metadata
    split = {item.modality.value: item.token_count for item in usage.prompt_tokens_details}
    assert split["IMAGE"] == 258
    assert sum(split.values()) == usage.prompt_token_count


def test_functions_are_called_and_answered(gemini) -> None:
    weather = genai_types.FunctionDeclaration(
        name="get_weather",
        parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}},
    )
    config = genai_types.GenerateContentConfig(
        tools=[genai_types.Tool(function_declarations=[weather])]
    )
    answer = gemini.models.generate_content(model=MODEL, contents="get weather", config=config)
    (call,) = answer.function_calls
    assert (call.name, call.args) == ("get_weather", {"city": "example"})


def test_a_schema_is_fitted(gemini) -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"name": {"type": "STRING"}, "n": {"type": "INTEGER"}},
    }
    config = genai_types.GenerateContentConfig(
        response_mime_type="application/json", response_schema=schema
    )
    answer = gemini.models.generate_content(model=MODEL, contents="x", config=config)
    assert json.loads(answer.text) == {"name": "example", "n": 1}


def test_a_limit_cuts_thoughts_and_text_together(gemini) -> None:
    config = genai_types.GenerateContentConfig(max_output_tokens=130)
    answer = gemini.models.generate_content(model=MODEL, contents="Hello", config=config)
    assert answer.candidates[0].finish_reason == "MAX_TOKENS"
    assert answer.usage_metadata.candidates_token_count == 2


def test_embeddings_are_billed_and_counting_is_not(mock, gemini) -> None:
    found = gemini.models.embed_content(model="gemini-embedding-001", contents=["One text", "Two"])
    assert len(found.embeddings[0].values) == 3072
    assert gemini.models.count_tokens(model=MODEL, contents="Hello").total_tokens == 9
    (line,) = mock.log()
    assert (line.operation, line.usage["promptTokenCount"]) == ("embed_content", 3)


def test_a_429_tells_in_its_body_when_to_come_back_and_in_no_header(mock, gemini) -> None:
    options = genai_types.HttpOptions(
        base_url=mock.gemini_url,
        headers={"x-mock-fault": "error-429", "x-mock-retry-after-ms": "1500"},
    )
    config = genai_types.GenerateContentConfig(http_options=options)
    with pytest.raises(genai_errors.ClientError) as caught:
        gemini.models.generate_content(model=MODEL, contents="Hello", config=config)
    details = caught.value.details["error"]["details"]
    assert caught.value.status == "RESOURCE_EXHAUSTED"
    assert details[0]["violations"][0]["quotaId"]
    assert details[1]["retryDelay"] == "1.5s"
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(mock, "generateContent", {"x-mock-fault": "error-429"})
    assert refused.value.headers["retry-after"] is None
    refused.value.close()


def test_a_call_without_a_key_is_refused_as_google_does(mock) -> None:
    request = urllib.request.Request(f"{mock.gemini_url}/v1beta/models")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 403
    assert json.loads(refused.value.read())["error"]["status"] == "PERMISSION_DENIED"
    refused.value.close()
    with urllib.request.urlopen(f"{mock.gemini_url}/v1beta/models?key=k", timeout=5) as answer:
        assert json.load(answer)["models"]


def test_an_error_ends_a_stream_in_the_form_of_the_stream(mock) -> None:
    headers = {"x-mock-fault": "error-midstream", "x-mock-deltas": "8"}
    members = json.loads(post(mock, "streamGenerateContent", headers))
    assert members[-1]["error"]["status"] == "INTERNAL"
    assert b'"INTERNAL"' in post(mock, "streamGenerateContent?alt=sse", headers)
