"""``POST /cohere/v2/rerank``: billed by the search, which holds up to 100 documents."""

from __future__ import annotations

import msgspec

from quotah_server.mock.cohere.answers import answer_headers
from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Bill, Usage, json_reply
from quotah_server.mock.prose import count_tokens, seed_of
from quotah_server.mock.script import read_script

_PER_UNIT = 100
_CHUNK_TOKENS = 500
"""A longer document, the query included, counts as several."""


class _RerankAsk(msgspec.Struct, frozen=True):
    model: str
    query: str
    documents: list[str]
    top_n: int | None = None


def answer_rerank(visit: Visit) -> Answer:
    """Order documents; the same ones always in the same order."""
    asked = decode(visit.request.body, _RerankAsk)
    if not asked.documents:
        raise BadRequestError("invalid request: list of documents must not be empty")
    script = read_script(visit.request.headers, asked.model, [asked.query])
    query = count_tokens(asked.query)
    sizes = [query + count_tokens(document) for document in asked.documents]
    chunks = sum(-(-size // _CHUNK_TOKENS) for size in sizes)
    usage: Usage = {"billed_units": {"search_units": -(-chunks // _PER_UNIT)}}
    scores = [
        (seed_of(asked.query, document) % 10_000 / 10_000, index)
        for index, document in enumerate(asked.documents)
    ]
    best = sorted(scores, reverse=True)[: asked.top_n or len(scores)]
    meta: dict[str, object] = {"api_version": {"version": "2"}}
    if script.fault != "no-usage":
        meta |= usage
    answer_id = visit.desk.mint("", 32)
    results = [{"index": index, "relevance_score": score} for score, index in best]
    bill = Bill(
        id=answer_id,
        provider="cohere",
        operation="rerank",
        model=asked.model,
        usage=usage,
        usage_at=lambda _sent: usage,
    )
    body = {"id": answer_id, "results": results, "meta": meta}
    return Answer(json_reply(200, body, answer_headers(visit, sum(sizes), 0), bill), script)
