"""``POST /openai/v1/embeddings``."""

from __future__ import annotations

import base64
import struct

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Usage, json_reply
from quotah_server.mock.models import EMBEDDING_SIZES, answering
from quotah_server.mock.openai.prompt import answer_headers
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.script import read_script
from quotah_server.mock.vectors import unit_vector

_MAX_DIMENSIONS = 4096
_MAX_INPUTS = 2048


class EmbeddingRequest(msgspec.Struct, frozen=True):
    """The parts of an embeddings request that change the answer."""

    model: str
    input: str | list[str | int | list[int]]
    encoding_format: str = "float"
    dimensions: int | None = None


def answer_embeddings(visit: Visit) -> Answer:
    """Answer with unit vectors that are the same for the same text and model."""
    asked = decode(visit.request.body, EmbeddingRequest)
    inputs = _inputs(asked)
    size = asked.dimensions or EMBEDDING_SIZES.get(asked.model, 1536)
    if not 1 <= size <= _MAX_DIMENSIONS:
        raise BadRequestError(f"dimensions must lie between 1 and {_MAX_DIMENSIONS}")
    texts = [item for item in inputs if isinstance(item, str)]
    script = read_script(visit.request.headers, asked.model, texts)
    tokens = sum(count_tokens(i) if isinstance(i, str) else len(i) for i in inputs)
    if script.input_tokens is not None:
        tokens = script.input_tokens
    usage: Usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    body: dict[str, object] = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": i, "embedding": _vector(asked, item, size)}
            for i, item in enumerate(inputs)
        ],
        "model": answering(asked.model),
    }
    if script.fault != "no-usage":
        body["usage"] = usage
    bill = Bill(
        id=visit.request_id,
        provider="openai",
        operation="embeddings",
        model=answering(asked.model),
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    window = visit.desk.limits.take(visit.key, tokens, 0)
    return Answer(json_reply(200, body, answer_headers(visit, window), bill), script)


def _inputs(asked: EmbeddingRequest) -> list[str | list[int]]:
    given = asked.input
    if isinstance(given, str):
        return [given]
    if not given or len(given) > _MAX_INPUTS:
        raise BadRequestError(f"input must hold 1 to {_MAX_INPUTS} items")
    if isinstance(given[0], int):
        return [[n for n in given if isinstance(n, int)]]
    return [item for item in given if not isinstance(item, int)]


def _vector(asked: EmbeddingRequest, item: str | list[int], size: int) -> list[float] | str:
    unit = unit_vector(asked.model, str(item), size)
    if asked.encoding_format == "base64":
        return base64.b64encode(struct.pack(f"<{size}f", *unit)).decode()
    return unit
