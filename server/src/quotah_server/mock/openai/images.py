"""``POST /openai/v1/images/generations`` and ``/images/edits``: pictures of one grey pixel.

Models of the family gpt-image are billed by tokens, which their answers tell. Others are billed by
the image, and what is billed stands in the log alone.
"""

from __future__ import annotations

import base64
import struct
import zlib

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Usage, json_reply
from quotah_server.mock.openai.forms import read_form
from quotah_server.mock.openai.prompt import answer_headers
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.script import Script, read_script

_MOST_IMAGES = 10
_DRAWN_TOKENS = {"low": 272, "medium": 1056, "high": 4160}
_SEEN_TOKENS = 323
"""Tokens of a picture that is to be edited."""


class ImageRequest(msgspec.Struct, frozen=True):
    """The parts of an image request that change the answer."""

    prompt: str
    model: str = "dall-e-2"
    n: int | None = None
    quality: str | None = None
    response_format: str | None = None


def answer_images(visit: Visit) -> Answer:
    """Draw pictures; those billed by the image may come as addresses that lead nowhere."""
    return _draw(visit, decode(visit.request.body, ImageRequest), 0)


def answer_edit(visit: Visit) -> Answer:
    """Change pictures that came in a form."""
    form = read_form(visit.request)
    form.file("image")
    fields = form.fields
    asked = ImageRequest(
        prompt=fields.get("prompt", ""),
        model=fields.get("model", "dall-e-2"),
        n=int(fields["n"]) if fields.get("n", "").isdecimal() else None,
        quality=fields.get("quality"),
        response_format=fields.get("response_format"),
    )
    return _draw(visit, asked, form.count("image"))


def _draw(visit: Visit, asked: ImageRequest, seen: int) -> Answer:
    count = 1 if asked.n is None else asked.n
    if not 1 <= count <= _MOST_IMAGES:
        raise BadRequestError(f"n must lie between 1 and {_MOST_IMAGES}")
    script = read_script(visit.request.headers, asked.model, [asked.prompt])
    by_tokens = asked.model.startswith(("gpt-image", "chatgpt-image"))
    as_bytes = by_tokens or asked.response_format == "b64_json"
    picture = (
        {"b64_json": base64.b64encode(pixel()).decode()}
        if as_bytes
        else {"url": "https://images.invalid/mock.png"}
    )
    body: dict[str, object] = {
        "created": int(visit.desk.clock().timestamp()),
        "data": [picture] * count,
    }
    usage: Usage = {"images": count}
    if by_tokens:
        usage = _usage(asked, count, seen, script)
        body |= {"quality": asked.quality or "low", "size": "1024x1024", "output_format": "png"}
        if script.fault != "no-usage":
            body["usage"] = usage
    bill = Bill(
        id=visit.request_id,
        provider="openai",
        operation="images",
        model=asked.model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    window = visit.desk.limits.take(visit.key, count_tokens(asked.prompt), 0)
    return Answer(json_reply(200, body, answer_headers(visit, window), bill), script)


def _usage(asked: ImageRequest, count: int, seen: int, script: Script) -> Usage:
    text = count_tokens(asked.prompt) if script.input_tokens is None else script.input_tokens
    drawn = _DRAWN_TOKENS.get(asked.quality or "low", _DRAWN_TOKENS["high"]) * count
    output = drawn if script.output_tokens is None else script.output_tokens
    pictures = seen * _SEEN_TOKENS
    return {
        "input_tokens": text + pictures,
        "input_tokens_details": {"image_tokens": pictures, "text_tokens": text},
        "output_tokens": output,
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
        "total_tokens": text + pictures + output,
    }


def pixel() -> bytes:
    """A valid PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
