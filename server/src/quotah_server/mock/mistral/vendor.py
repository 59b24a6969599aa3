"""Mistral's API below ``/mistral/v1``: a stream's last chunk holds its usage, asked for or not."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import Reply, Trouble, Usage, sse
from quotah_server.mock.openai.chat import answer_chat
from quotah_server.mock.openai.embeddings import answer_embeddings
from quotah_server.mock.openai.listing import list_models
from quotah_server.mock.vendor import Handler, Route, Vendor

_DONE = b"data: [DONE]\n\n"
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def error_body(trouble: Trouble, _request_id: str) -> object:
    """An error as Mistral tells it."""
    message = trouble.message or {429: "Requests rate limit exceeded"}.get(trouble.status, "Error")
    kind = {401: "unauthorized", 404: "not_found", 429: "rate_limited"}.get(trouble.status)
    return {
        "object": "error",
        "message": message,
        "type": trouble.code or kind or "invalid_request_error",
        "param": None,
        "code": trouble.code,
    }


def _own(handler: Handler) -> Handler:
    """OpenAI's answer with Mistral's usage."""

    def answer(visit: Visit) -> Answer:
        asked = decode(visit.request.body, dict[str, Any])
        asked["stream_options"] = {"include_usage": False}
        request = msgspec.structs.replace(visit.request, body=msgspec.json.encode(asked))
        found = handler(msgspec.structs.replace(visit, request=request))
        _tell(found.reply, hidden=found.script.fault == "no-usage")
        return found

    return answer


def _tell(reply: Reply, *, hidden: bool) -> None:
    bill = reply.bill
    if bill is None:
        return
    reply.bill = msgspec.structs.replace(
        bill,
        provider="mistral",
        usage=_usage(bill.usage),
        usage_at=lambda sent: _usage(bill.usage_at(sent)),
    )
    at = len(reply.steps) - 1 - (reply.steps[-1].data == _DONE)
    step = reply.steps[at]
    text = step.data.removeprefix(b"data: ") if reply.stream else step.data
    body = cast("dict[str, Any]", msgspec.json.decode(text))
    body.setdefault("id", bill.id)
    if not hidden:
        body["usage"] = reply.bill.usage
    data = sse(body) if reply.stream else msgspec.json.encode(body)
    reply.steps = [
        *reply.steps[:at], msgspec.structs.replace(step, data=data), *reply.steps[at + 1 :],
    ]  # fmt: skip


def _usage(usage: Usage) -> Usage:
    return {name: usage[name] for name in _COUNTS if name in usage}


MISTRAL = Vendor(
    "mistral",
    (
        Route("POST", "/chat/completions", _own(answer_chat)),
        Route("POST", "/embeddings", _own(answer_embeddings)),
        Route("GET", "/models", list_models),
    ),
    error_body,
    id_header="mistral-correlation-id",
    key_headers=("authorization",),
)
