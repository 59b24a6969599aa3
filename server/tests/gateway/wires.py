"""Answers as the vendors send them, in bytes."""

from __future__ import annotations

from typing import Any

import msgspec

CHAT_USAGE = {
    "prompt_tokens": 2048,
    "completion_tokens": 100,
    "total_tokens": 2148,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 0},
}
MODEL = "gpt-4o-2024-08-06"


def sse(value: Any, *, event: str | None = None, end: bytes = b"\n\n") -> bytes:
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + msgspec.json.encode(value) + end


def chat_body(**extra: Any) -> bytes:
    return msgspec.json.encode(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello there"},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": CHAT_USAGE,
            "service_tier": "default",
            **extra,
        }
    )


def chat_chunk(content: str | None = None, *, finish: str | None = None, **extra: Any) -> bytes:
    delta = {"content": content} if content is not None else {}
    return sse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            "usage": None,
            **extra,
        }
    )


def usage_chunk() -> bytes:
    return sse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [],
            "usage": CHAT_USAGE,
        }
    )


DONE = b"data: [DONE]\n\n"


def chat_stream(*texts: str) -> list[bytes]:
    return [
        *(chat_chunk(text) for text in texts),
        chat_chunk(finish="stop"),
        usage_chunk(),
        DONE,
    ]


def message_stream(*texts: str, cut: bool = False) -> list[bytes]:
    start = {
        "type": "message_start",
        "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6",
            "content": [], "stop_reason": None, "stop_sequence": None,
            "usage": {
                "input_tokens": 100, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 50, "output_tokens": 1, "service_tier": "standard",
            },
        },
    }  # fmt: skip
    chunks = [
        sse(start, event="message_start"),
        sse(
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            event="content_block_start",
        ),
    ]
    chunks += [
        sse(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text},
            },
            event="content_block_delta",
        )
        for text in texts
    ]
    if cut:
        return chunks
    return [
        *chunks,
        sse({"type": "content_block_stop", "index": 0}, event="content_block_stop"),
        sse(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 20},
            },
            event="message_delta",
        ),
        sse({"type": "message_stop"}, event="message_stop"),
    ]
