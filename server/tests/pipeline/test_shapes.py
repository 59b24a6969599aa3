"""The shape of an answer tells who reads it, however it is wrapped and whatever it is called."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from golden.cases import usage_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.errors import InvalidInputError
from quotah_server.pipeline.eventtext import read_events, read_text
from quotah_server.pipeline.shapes import BODY_SIGNS, EVENT_SIGNS, HINTS, operation_of, unwrapped
from quotah_server.providers.registry import PROVIDERS

USAGE = {"prompt_tokens": 1, "completion_tokens": 1}
CLAUDE = {"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 0}


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ({"type": "message", "usage": {"input_tokens": 1}}, "messages"),
        ({"id": "msg_x", "usage": CLAUDE}, "messages"),
        ({"id": "msg_x", "usage": {"input_tokens": 1, "output_tokens": 2}}, "messages"),
        ({"object": "response", "usage": {"input_tokens": 1, "output_tokens": 2}}, "responses"),
        ({"object": "chat.completion", "usage": {**USAGE, **CLAUDE}}, "chat"),
        ({"choices": [{"message": {}}], "usage": USAGE}, "chat"),
        ({"choices": [{"text": "x"}], "usage": USAGE}, "completions"),
        ({"object": "text_completion", "choices": []}, "completions"),
        ({"type": "response.done", "response": {}}, "realtime"),
        ({"object": "list", "data": [{"object": "embedding"}], "usage": USAGE}, "embeddings"),
        ({"created": 1, "data": [{"b64_json": "x"}]}, "images"),
        ({"text": "hi", "usage": {"type": "duration", "seconds": 2}}, "transcription"),
        ({"text": "hi", "x_groq": {"id": "r"}, "duration_seconds": 3.2}, "transcription"),
        (
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": "x",
                "usage": {
                    "type": "tokens",
                    "input_tokens": 1,
                    "output_tokens": 1,
                    "total_tokens": 2,
                },
            },
            "transcription",
        ),
        ({"model": "tts-1", "input_characters": 3}, "speech"),
        ({"pages": [], "usage_info": {"pages_processed": 3}}, "ocr"),
        ({"done": True, "message": {}, "eval_count": 1}, "ollama_chat"),
        ({"done": True, "response": "hi", "eval_count": 1}, "ollama_generate"),
        ({"embeddings": [[0.1]], "total_duration": 1, "prompt_eval_count": 8}, "ollama_embed"),
        ({"usageMetadata": {"promptTokenCount": 1}}, "generate_content"),
        ({"output": {}, "usage": {"inputTokens": 1, "outputTokens": 1}}, "converse"),
        ({"usage": {"billed_units": {"input_tokens": 1}}}, "cohere_chat"),
        ({"results": [], "meta": {"billed_units": {"search_units": 1}}}, "rerank"),
    ],
)
def test_a_body_tells_its_operation(body: dict[str, Any], operation: str) -> None:
    assert operation_of("", body, None) == operation
    assert operation_of("/v1/chat/completions", body, None) == operation


@pytest.mark.parametrize(
    ("events", "operation"),
    [
        ([{"type": "ping"}, {"type": "message_start"}], "messages"),
        ([{"type": "content_block_delta"}], "messages"),
        ([{"type": "response.created"}], "responses"),
        ([{"type": "response.done"}], "realtime"),
        ([{"type": "transcript.text.delta"}], "transcription"),
        ([{"type": "transcription.done", "usage": {}}], "transcription"),
        ([{"type": "speech.audio.done"}], "speech"),
        ([{"type": "image_edit.completed"}], "images"),
        ([{"object": "chat.completion.chunk"}], "chat"),
        ([{"id": "", "object": "", "choices": []}, {"choices": [{"delta": {}}]}], "chat"),
        ([{"done": False, "message": {}}], "ollama_chat"),
        ([{"contentBlockDelta": {}}, {"metadata": {"usage": {}}}], "converse"),
        ([{"type": "message-end", "delta": {}}], "cohere_chat"),
        ([{"candidates": []}], "generate_content"),
    ],
)
def test_a_stream_tells_its_operation(events: list[dict[str, Any]], operation: str) -> None:
    assert operation_of("", {}, events) == operation


@pytest.mark.parametrize(
    ("hint", "operation"),
    [
        ("/v1/messages (beta)", "messages"), ("InvokeModel anthropic", "messages"),
        ("/v1/messages/count_tokens", "count_tokens"), ("transcription", "transcription"),
        ("/v1/audio/speech", "speech"), ("models/*:streamGenerateContent?alt=sse", "generate_content"),
        ("ConverseStream", "converse"), ("/api/chat", "ollama_chat"), ("/v1/ocr", "ocr"),
        ("/v1/responses", "responses"), ("default", "chat"), ("", "chat"),
    ],
)  # fmt: skip
def test_a_name_decides_where_no_shape_does(hint: str, operation: str) -> None:
    assert operation_of(hint, {"model": "m"}, None) == operation
    assert operation_of(hint.upper(), {"model": "m"}, []) == operation


def test_every_operation_that_is_told_is_read_by_a_room() -> None:
    told = {sign.operation for sign in (*BODY_SIGNS, *EVENT_SIGNS)} | {name for _, name in HINTS}
    read = frozenset().union(*(room.reads for room in PROVIDERS.values()))

    assert told <= read


STREAM = [{"type": "message_start", "message": {}}, {"type": "message_stop"}]
SSE = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in STREAM)


@pytest.mark.parametrize(
    "line",
    [
        {"events": STREAM},
        {"response": {"stream": STREAM}},
        {"response": STREAM},
        {"events": [{"event": e["type"], "data": e} for e in STREAM]},
        {"events": [{"event": e["type"], "data": json.dumps(e)} for e in STREAM]},
        {"events": [{"data": json.dumps(e), "id": "1"} for e in STREAM]},
        {"events": [json.dumps(e) for e in STREAM]},
        {"events": [f"data: {json.dumps(e)}" for e in STREAM]},
        {"events": SSE},
        {"sse": SSE},
        {"sse": "﻿: a comment\r\n\r\n" + SSE.replace("\n", "\r\n") + "data: [DONE]\r\n\r\n"},
        {"sse": "\n".join(json.dumps(e) for e in STREAM)},
        {"response": {"stream": SSE}},
        {"events": [{"chunk": {"bytes": base64.b64encode(json.dumps(e).encode()).decode()}}
                    for e in STREAM]},
    ],
)  # fmt: skip
def test_a_stream_is_found_however_it_is_wrapped(line: dict[str, Any]) -> None:
    assert unwrapped(line) == ({}, STREAM, {})


def test_data_of_several_lines_is_one_event() -> None:
    assert read_text('data: {"a":\ndata: 1}\n\n') == [{"a": 1}]


def test_an_event_whose_own_data_is_an_object_is_not_unwrapped_twice() -> None:
    event = {"type": "x", "data": "text", "usage": {}}

    assert read_events([event, 5, None, {"chunk": {"bytes": "no base64!"}}]) == [event]


@pytest.mark.parametrize("line", [{}, {"response": []}, {"response": [1]}, {"response": "x"},
                                  {"events": 5}, {"events": {"a": 1}}])  # fmt: skip
def test_what_is_no_answer_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        unwrapped(line)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ({"custom_id": "a", "response": {"status_code": 200, "body": {"x": 1}}}, {"x": 1}),
        ({"custom_id": "a", "result": {"type": "succeeded", "message": {"x": 1}}}, {"x": 1}),
        ({"custom_id": "a", "result": {"type": "expired"}}, {"type": "expired"}),
        ({"key": "a", "response": {"x": 1}}, {"x": 1}),
    ],
)
def test_a_line_of_a_batch_holds_an_answer_made_in_a_batch(
    line: dict[str, Any], body: dict[str, Any]
) -> None:
    assert unwrapped({"response": line}) == (body, None, {"processing": "batch"})


@given(st.text(max_size=200) | st.sampled_from([SSE, json.dumps(STREAM)]))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader_of_transcripts(text: str) -> None:
    assert all(isinstance(event, dict) for event in read_text(text))


NAMELESS = {
    "openai_tts", "anthropic_count_tokens", "own_anthropic_batch_errored",
    "own_anthropic_batch_expired", "own_cohere_unbilled", "own_bedrock_headers",
}  # fmt: skip
"""Nothing in them says what they are: spoken bytes, a bare count, a request that never ran."""


@pytest.mark.parametrize("name", sorted(usage_samples().keys() - NAMELESS))
def test_a_sample_leads_to_its_operation_without_its_name(name: str) -> None:
    sample = usage_samples()[name]
    body, events, _ = unwrapped(sample)

    assert operation_of("", body, events) == operation_of(sample["endpoint"], body, events)
