"""Each vendor's way to speak HTTP: paths, keys, errors, and the same request for another model."""

from __future__ import annotations

import json
import warnings
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.gateway.dialects import DIALECTS, RefusalError, guess
from quotah_server.gateway.dialects.another_model import body_with_model
from quotah_server.gateway.dialects.base import NO_ASK, Ask, read_ask

OPENAI, AZURE = DIALECTS["openai"], DIALECTS["azure"]
GEMINI, COHERE, ANTHROPIC = DIALECTS["gemini"], DIALECTS["cohere"], DIALECTS["anthropic"]
GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
DEPLOYED = "/openai/deployments/my-gpt/chat/completions"
DATED = {"api_version": "2024-10-21"}
OURS = "qk_gw_abc"


@pytest.mark.parametrize(
    ("dialect", "path", "upstream"),
    [
        ("openai", "/v1/chat/completions", "/chat/completions"),
        ("openai", "/chat/completions", "/chat/completions"),
        ("openai", "/openai/v1/chat/completions", "/chat/completions"),
        ("openai", DEPLOYED, "/chat/completions"),
        ("openai", "/openai/files", "/openai/files"),
        ("azure", DEPLOYED, DEPLOYED),
        ("azure", "/openai/v1/responses", "/openai/v1/responses"),
        ("azure", "/v1/chat/completions", "/openai/v1/chat/completions"),
        ("azure", "/chat/completions", "/openai/v1/chat/completions"),
        ("anthropic", "/v1/messages", "/v1/messages"),
        ("gemini", GENERATE, GENERATE),
        ("cohere", "/v2/chat", "/v2/chat"),
        ("perplexity", "/v1/chat/completions", "/chat/completions"),
        ("perplexity", "/chat/completions", "/chat/completions"),
        ("perplexity", "/v1/responses", "/v1/responses"),
        ("perplexity", "/agent", "/v1/agent"),
    ],
)
def test_a_path_is_asked_for_as_the_vendor_has_it(dialect: str, path: str, upstream: str) -> None:
    assert DIALECTS[dialect].upstream_path(path) == upstream


@pytest.mark.parametrize(
    ("dialect", "path", "query", "sent"),
    [
        ("azure", DEPLOYED, "", "api-version=2024-10-21"),
        ("azure", DEPLOYED, "a=b%20c", "a=b%20c&api-version=2024-10-21"),
        ("azure", DEPLOYED, "api-version=2025-04-01-preview", "api-version=2025-04-01-preview"),
        ("azure", "/openai/v1/responses", "", ""),
        ("gemini", STREAM, f"key={OURS}&alt=sse", "alt=sse"),
        ("gemini", STREAM, f"alt=sse&k%65y={OURS}", "alt=sse"),
        ("gemini", STREAM, "alt=sse&monkey=1", "alt=sse&monkey=1"),
        ("openai", "/models", f"key={OURS}&limit=2", "limit=2"),
        ("openai", "/models", "key=theirs&limit=2", "key=theirs&limit=2"),
        ("anthropic", "/v1/models", f"x={OURS}", ""),
        ("cohere", "/v1/models", f"x={OURS}", ""),
        ("azure", DEPLOYED, f"x={OURS}", "api-version=2024-10-21"),
    ],
)
def test_a_query_loses_keys_and_gains_what_the_credential_says(
    dialect: str, path: str, query: str, sent: str
) -> None:
    assert DIALECTS[dialect].target(path, query, DATED) == (path, sent)


def test_an_azure_credential_without_a_version_adds_none() -> None:
    assert AZURE.target(DEPLOYED, "", {}) == (DEPLOYED, "")


@pytest.mark.parametrize(
    ("dialect", "secret", "headers"),
    [
        ("openai", "sk-1", {"authorization": "Bearer sk-1"}),
        ("openai", "", {}),
        ("anthropic", "sk-ant-api03-1", {"x-api-key": "sk-ant-api03-1"}),
        ("anthropic", "sk-ant-oat01-1", {"authorization": "Bearer sk-ant-oat01-1"}),
        ("gemini", "AIza1", {"x-goog-api-key": "AIza1"}),
        ("cohere", "co-1", {"authorization": "Bearer co-1"}),
        ("azure", "0123abcd", {"api-key": "0123abcd"}),
        ("azure", "eyJ0.eyJh.c2ln", {"authorization": "Bearer eyJ0.eyJh.c2ln"}),
    ],
)
def test_a_key_goes_where_the_vendor_wants_it(
    dialect: str, secret: str, headers: dict[str, str]
) -> None:
    assert dict(DIALECTS[dialect].key_headers(secret)) == headers
    assert set(headers) <= set(DIALECTS[dialect].key_names)


@pytest.mark.parametrize(
    ("dialect", "path", "body", "model", "streams"),
    [
        ("openai", "/v1/chat/completions", {"model": "gpt-4o", "stream": True}, "gpt-4o", True),
        ("azure", "/openai/v1/responses", {"model": "my-gpt"}, "my-gpt", False),
        ("azure", DEPLOYED, {"model": "gpt-4o", "stream": True}, "my-gpt", True),
        ("anthropic", "/v1/messages", {"model": "claude", "stream": False}, "claude", False),
        ("gemini", GENERATE, {"contents": []}, "gemini-2.5-flash", False),
        ("gemini", STREAM, {"contents": []}, "gemini-2.5-flash", True),
        ("gemini", "/v1beta/tunedModels/mine:generateContent", {}, "mine", False),
        ("gemini", "/v1beta/interactions", {"model": "gemini-3", "stream": True}, "gemini-3", True),
        ("cohere", "/v2/chat", {"model": "command-a", "stream": True}, "command-a", True),
        ("cohere", "/v2/rerank", {"model": 3}, None, False),
    ],
)
def test_model_and_stream_are_read_where_the_vendor_has_them(
    dialect: str, path: str, body: dict[str, Any], model: str | None, streams: bool
) -> None:
    ask = read_ask(msgspec.json.encode(body))

    assert DIALECTS[dialect].model_of(path, ask) == model
    assert DIALECTS[dialect].streams(path, ask) is streams


_TEXT = st.text(max_size=8) | st.sampled_from(['"model":"a"', "model", 'x"model', "\\", '":"'])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500)
@given(st.dictionaries(_TEXT, _JSON, max_size=5), _JSON, _TEXT, st.booleans())
def test_another_model_changes_the_models_bytes_and_no_other(
    request: dict[str, Any], old: Any, new: str, escaped: bool
) -> None:
    request["model"] = old
    request["x"] = {"model": old, "y": [{"model": old}]}
    body = json.dumps(request, ensure_ascii=escaped, indent=1).encode()

    changed = body_with_model(body, new)

    assert json.loads(changed) == {**request, "model": new}
    told = json.dumps(old, ensure_ascii=escaped, indent=1).encode()
    if isinstance(old, str):
        assert len(changed) - len(body) == len(msgspec.json.encode(new)) - len(told)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b"{}", b'{"model":"new"}'),
        (b'{"a": 1.50}', b'{"model":"new","a": 1.50}'),
        (b'\n{"a":1e3 , "model" : "old"}', b'\n{"a":1e3 , "model" : "new"}'),
        (b'{"mod\\u0065l":"old","a":1.0}', b'{"model":"new","a":1.0}'),
        (b'{"model":null}', b'{"model":"new"}'),
        (b"no JSON", b"no JSON"),
        (b"[1]", b"[1]"),
    ],
)
def test_a_request_without_a_plain_model_is_given_one(body: bytes, changed: bytes) -> None:
    assert body_with_model(body, "new") == changed


def test_a_form_gets_another_model_and_keeps_its_file() -> None:
    file = b"--x\r\n\x00\xff" * 50_000
    body = (
        b'--x0\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n' + file
        + b'\r\n--x0\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x0--\r\n'
    )  # fmt: skip

    assert read_ask(body).model_name == "whisper-1"
    assert body_with_model(body, "gpt-4o-transcribe") == body.replace(
        b"whisper-1", b"gpt-4o-transcribe"
    )
    bare = body.replace(b'name="model"', b'name="other"')
    assert read_ask(body_with_model(bare, "m")).model_name == "m"
    assert body_with_model(bare, "m").endswith(bare)


def test_a_model_in_the_path_is_exchanged_there() -> None:
    body = b'{"requests":[{"model":"models/old","content":{"parts":[{"text":"models/old"}]}}]}'
    path, changed = GEMINI.with_model("/v1beta/models/old:batchEmbedContents", body, "new")

    assert path == "/v1beta/models/new:batchEmbedContents"
    assert changed == body.replace(b'"model":"models/old"', b'"model":"models/new"')
    assert GEMINI.with_model(STREAM, b"{}", "x") == (
        "/v1beta/models/x:streamGenerateContent", b"{}",
    )  # fmt: skip
    assert AZURE.with_model(DEPLOYED, b'{"model":"a"}', "b") == (
        "/openai/deployments/b/chat/completions", b'{"model":"b"}',
    )  # fmt: skip
    assert AZURE.with_model("/v1/responses", b'{"model":"a"}', "b")[0] == "/v1/responses"


REFUSAL = RefusalError(429, "key_rate_limited", "Too many requests.", retry_after_s=2)


def test_googles_client_reads_a_refusal() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from google.genai import errors as google_errors
    told = json.loads(GEMINI.error_body(REFUSAL, "r" * 32))
    error = google_errors.ClientError(429, told)

    assert (error.code, error.status) == (429, "RESOURCE_EXHAUSTED")
    assert error.message == f"Too many requests. (request id {'r' * 32})"
    assert told["error"]["details"][0]["reason"] == "key_rate_limited"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418, 429, 431, 500, 502, 503, 504])
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_every_refusal_tells_message_code_and_request_id(name: str, status: int) -> None:
    body = DIALECTS[name].error_body(RefusalError(status, "some_code", "Some words."), "r" * 32)

    for told in (b"Some words.", b"some_code", b"r" * 32):
        assert told in body
    assert msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("dialect", "body", "code"),
    [
        ("openai", {"error": {"code": "insufficient_quota", "type": "x"}}, "insufficient_quota"),
        ("openai", {"error": {"code": None, "type": "server_error"}}, "server_error"),
        ("openai", {"error": "gone"}, None),
        ("openai", {"code": 1301, "message": "no"}, None),
        ("azure", {"error": {"code": "429", "message": "slow down"}}, "429"),
        (
            "anthropic",
            {"type": "error", "error": {"type": "rate_limit_error",
             "details": {"error_code": "enforced_spend_limit_reached"}}},
            "enforced_spend_limit_reached",
        ),
        ("anthropic", {"type": "error", "error": {"type": "overloaded_error"}}, "overloaded_error"),
        ("gemini", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, "RESOURCE_EXHAUSTED"),
        ("gemini", [{"error": {"code": 404, "status": "NOT_FOUND"}}], "NOT_FOUND"),
        ("gemini", {"error": {"code": "invalid_request", "message": "x"}}, "invalid_request"),
        ("cohere", {"message": "invalid api token", "id": "1"}, None),
        ("cohere", [1], None),
    ],
)  # fmt: skip
def test_the_vendors_code_of_an_error_is_found(dialect: str, body: Any, code: str | None) -> None:
    assert DIALECTS[dialect].error_code(msgspec.json.encode(body)) == code


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(body=st.binary(max_size=60) | _JSON.map(msgspec.json.encode))
def test_any_body_can_be_asked_for_its_error_and_its_model(dialect: str, body: bytes) -> None:
    one = DIALECTS[dialect]

    one.error_code(body)
    one.model_of("/v1beta/models/x:generateContent", read_ask(body))
    one.with_model("/v1/chat", body, "m")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(event=st.dictionaries(
    st.sampled_from(["choices", "candidates", "delta", "message", "content", "text", "type", "output"]),
    _JSON, max_size=4,
))  # fmt: skip
def test_any_event_can_be_asked_for_its_text(dialect: str, event: dict[str, Any]) -> None:
    assert isinstance(DIALECTS[dialect].delivered_text(event), str)


@pytest.mark.parametrize(
    ("dialect", "event", "text"),
    [
        (
            "gemini",
            {"candidates": [{"content": {"parts": [
                {"text": "He", "thought": True}, {"text": "llo"},
                {"functionCall": {"name": "f", "args": {"a": "b"}}},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            ]}}]},
            'Hello{"a":"b"}',
        ),
        ("gemini", {"event_type": "step.delta", "delta": {"type": "text", "text": "Hi"}}, "Hi"),
        (
            "cohere",
            {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}}, "Hi",
        ),
        (
            "cohere",
            {"type": "tool-call-delta",
             "delta": {"message": {"tool_calls": {"function": {"arguments": '{"a":'}}}}},
            '{"a":',
        ),
        ("cohere", {"id": "1", "message": {"content": [{"type": "text", "text": "Hi"}]}}, "Hi"),
        ("cohere", {"event_type": "text-generation", "text": "Hi"}, "Hi"),
        ("cohere", {"event_type": "stream-end", "response": {"text": "Hi"}}, ""),
        ("cohere", {"text": "Hi", "generation_id": "1"}, "Hi"),
    ],
)  # fmt: skip
def test_delivered_text_is_what_the_model_made(dialect: str, event: Any, text: str) -> None:
    assert DIALECTS[dialect].delivered_text(event) == text


def test_who_is_unknown_is_refused_in_the_shape_of_the_segment_asked_for() -> None:
    assert guess("gemini") is GEMINI
    assert guess("our-llama") is OPENAI
    assert OPENAI.shape == AZURE.shape
    assert {one.shape for one in DIALECTS.values()} == {"openai", "anthropic", "gemini", "cohere"}
    assert ANTHROPIC.model_of("/v1/messages", NO_ASK) is None
    assert COHERE.model_of("/v2/chat", Ask(model="m")) == "m"
