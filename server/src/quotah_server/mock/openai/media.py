"""``POST /openai/v1/audio/speech`` and ``/images/generations``: sound and pictures of a few bytes.

What is billed stands in the log alone, as these answers carry no usage: characters, and images.
"""

from __future__ import annotations

import base64
import struct
import zlib

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Reply, Step, Usage, json_reply
from quotah_server.mock.openai.prompt import answer_headers
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.script import read_script

_LONGEST_INPUT = 4096
_MOST_IMAGES = 10
_RATE_HZ = 8000


class SpeechRequest(msgspec.Struct, frozen=True):
    """The parts of a speech request that change the answer."""

    model: str
    input: str
    voice: str


class ImageRequest(msgspec.Struct, frozen=True):
    """The parts of an image request that change the answer."""

    prompt: str
    model: str = "dall-e-2"
    n: int | None = None
    response_format: str | None = None


def answer_speech(visit: Visit) -> Answer:
    """Answer with a tenth of a second of silence (WAV, whatever format was asked for)."""
    asked = decode(visit.request.body, SpeechRequest)
    if not 0 < len(asked.input) <= _LONGEST_INPUT:
        raise BadRequestError(f"input must hold 1 to {_LONGEST_INPUT} characters")
    script = read_script(visit.request.headers, asked.model, [asked.input])
    bill = _bill(visit, "speech", asked.model, {"input_characters": len(asked.input)})
    window = visit.desk.limits.take(visit.key, count_tokens(asked.input), 0)
    head = [("content-type", "audio/wav"), *answer_headers(visit, window)]
    return Answer(Reply(200, head, [Step(silence(), settles=True)], bill), script)


def answer_images(visit: Visit) -> Answer:
    """Answer with pictures of one grey pixel, or with addresses that lead nowhere."""
    asked = decode(visit.request.body, ImageRequest)
    count = 1 if asked.n is None else asked.n
    if not 1 <= count <= _MOST_IMAGES:
        raise BadRequestError(f"n must lie between 1 and {_MOST_IMAGES}")
    script = read_script(visit.request.headers, asked.model, [asked.prompt])
    picture = (
        {"b64_json": base64.b64encode(pixel()).decode()}
        if asked.response_format == "b64_json"
        else {"url": "https://images.invalid/mock.png"}
    )
    body = {"created": int(visit.desk.clock().timestamp()), "data": [picture] * count}
    bill = _bill(visit, "images", asked.model, {"images": count})
    window = visit.desk.limits.take(visit.key, count_tokens(asked.prompt), 0)
    return Answer(json_reply(200, body, answer_headers(visit, window), bill), script)


def silence() -> bytes:
    """A valid WAV: 8-bit mono at 8 kHz, 0.1 s."""
    samples = b"\x80" * (_RATE_HZ // 10)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE_HZ, _RATE_HZ, 1, 8)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def pixel() -> bytes:
    """A valid PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _bill(visit: Visit, operation: str, model: str, usage: Usage) -> Bill:
    return Bill(
        id=visit.request_id,
        provider="openai",
        operation=operation,
        model=model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
