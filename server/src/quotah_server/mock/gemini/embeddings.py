"""``POST …/models/{model}:embedContent`` and ``:batchEmbedContents``."""

from __future__ import annotations

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Usage, json_reply
from quotah_server.mock.gemini.prompt import Content, count_content, in_camel_case
from quotah_server.mock.script import read_script
from quotah_server.mock.vectors import unit_vector

_SIZE = 3072
_LARGEST = 4096
_MOST = 100


class _EmbedAsk(msgspec.Struct, frozen=True, rename="camel"):
    content: Content
    output_dimensionality: int | None = None


class _BatchAsk(msgspec.Struct, frozen=True):
    requests: list[_EmbedAsk]


def answer_embed(visit: Visit) -> Answer:
    """Embed one content."""
    return _embed(visit, [decode(in_camel_case(visit.request.body), _EmbedAsk)], batch=False)


def answer_batch(visit: Visit) -> Answer:
    """Embed several contents."""
    return _embed(visit, decode(in_camel_case(visit.request.body), _BatchAsk).requests, batch=True)


def _embed(visit: Visit, asked: list[_EmbedAsk], *, batch: bool) -> Answer:
    if not 0 < len(asked) <= _MOST:
        raise BadRequestError(f"requests must hold 1 to {_MOST} items")
    model = visit.params["model"]
    prompts = [count_content(one.content) for one in asked]
    script = read_script(visit.request.headers, model, [prompt.text for prompt in prompts])
    tokens = sum(prompt.total for prompt in prompts)
    if script.input_tokens is not None:
        tokens = script.input_tokens
    usage: Usage = {"promptTokenCount": tokens, "totalTokenCount": tokens}
    found: list[dict[str, list[float]]] = []
    for one, prompt in zip(asked, prompts, strict=True):
        size = one.output_dimensionality or _SIZE
        if not 1 <= size <= _LARGEST:
            raise BadRequestError(f"outputDimensionality must lie between 1 and {_LARGEST}")
        found.append({"values": unit_vector(model, prompt.text, size)})
    body: dict[str, object] = {"embeddings": found} if batch else {"embedding": found[0]}
    if script.fault != "no-usage":
        body["usageMetadata"] = usage
    bill = Bill(
        id=visit.request_id,
        provider="gemini",
        operation="embed_content",
        model=model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    return Answer(json_reply(200, body, [], bill), script)
