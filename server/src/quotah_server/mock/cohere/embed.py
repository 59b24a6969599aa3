"""``POST /cohere/v2/embed``: billed by the token, pictures by the piece."""

from __future__ import annotations

import base64
import struct
from typing import Any

import msgspec

from quotah_server.mock.cohere.answers import answer_headers
from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Usage, json_reply
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.script import read_script
from quotah_server.mock.vectors import unit_vector

_SIZE = 1536
_SIZES = (256, 512, 1024, 1536)
_MOST = 96


class _EmbedAsk(msgspec.Struct, frozen=True):
    model: str
    input_type: str
    texts: list[str] | None = None
    images: list[str] | None = None
    embedding_types: list[str] | None = None
    output_dimension: int | None = None


def answer_embed(visit: Visit) -> Answer:
    """Embed texts and pictures."""
    asked = decode(visit.request.body, _EmbedAsk)
    texts, images = asked.texts or [], asked.images or []
    if not 0 < len(texts) + len(images) <= _MOST:
        raise BadRequestError(f"invalid request: texts must hold 1 to {_MOST} items")
    size = asked.output_dimension or _SIZE
    if size not in _SIZES:
        raise BadRequestError(f"invalid request: output_dimension must be one of {_SIZES}")
    script = read_script(visit.request.headers, asked.model, texts)
    tokens = sum(count_tokens(text) for text in texts)
    if script.input_tokens is not None:
        tokens = script.input_tokens
    vectors = [unit_vector(asked.model, text, size) for text in (*texts, *images)]
    billed = {"input_tokens": tokens, **({"images": len(images)} if images else {})}
    usage: Usage = {"billed_units": billed}
    body: dict[str, Any] = {
        "id": visit.desk.mint("", 32),
        "embeddings": {kind: _as(kind, vectors) for kind in asked.embedding_types or ["float"]},
        "texts": texts,
        "response_type": "embeddings_by_type",
        "meta": {"api_version": {"version": "2"}},
    }
    if script.fault != "no-usage":
        body["meta"] |= usage
    bill = Bill(
        id=body["id"],
        provider="cohere",
        operation="embed",
        model=asked.model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    return Answer(json_reply(200, body, answer_headers(visit, tokens, 0), bill), script)


def _as(kind: str, vectors: list[list[float]]) -> list[Any]:
    if kind == "float":
        return vectors
    if kind == "int8":
        return [[round(x * 127) for x in vector] for vector in vectors]
    if kind == "base64":
        packed = [struct.pack(f"<{len(vector)}f", *vector) for vector in vectors]
        return [base64.b64encode(data).decode() for data in packed]
    raise BadRequestError(f"invalid request: unknown embedding type {kind}")
