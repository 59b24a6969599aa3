"""Azure OpenAI below ``/openai/deployments``: a deployment stands in the path, a key in ``api-key``.

The deployment is taken for the model's name. Answers carry the content filter's verdict, as Azure's
do: in a stream it comes first, in a chunk without choices.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import Reply, Step, Trouble, sse
from quotah_server.mock.openai.vendor import BILLED
from quotah_server.mock.vendor import Handler, Route, Vendor

_SAFE = {"filtered": False, "severity": "safe"}
_VERDICT = [
    {
        "prompt_index": 0,
        "content_filter_results": {
            "hate": _SAFE,
            "self_harm": _SAFE,
            "sexual": _SAFE,
            "violence": _SAFE,
        },
    }
]
_MESSAGES = {
    401: "Access denied due to invalid subscription key or wrong API endpoint.",
    404: "The API deployment for this resource does not exist.",
    429: "Requests to this operation have exceeded the rate limit of your current pricing tier.",
}


def error_body(trouble: Trouble, _request_id: str) -> object:
    """An error as Azure tells it: the status is its code where there is no better one."""
    usual = "DeploymentNotFound" if trouble.status == 404 else str(trouble.status)
    message = trouble.message or _MESSAGES.get(trouble.status, "The server had an error.")
    return {"error": {"code": trouble.code or usual, "message": message}}


def _deployed(handler: Handler) -> Handler:
    """OpenAI's answer for the model of a deployment."""

    def answer(visit: Visit) -> Answer:
        deployment = visit.params["deployment"]
        body = visit.request.body
        if not visit.request.headers.get("content-type", "").startswith("multipart/"):
            body = msgspec.json.encode({**decode(body, dict[str, Any]), "model": deployment})
        request = msgspec.structs.replace(visit.request, body=body)
        found = handler(msgspec.structs.replace(visit, request=request))
        reply = found.reply
        if reply.bill is not None:
            reply.bill = msgspec.structs.replace(reply.bill, provider="azure")
        if reply.bill is not None and reply.bill.operation == "chat":
            _judge(reply)
        return found

    return answer


def _judge(reply: Reply) -> None:
    if reply.stream:
        head: dict[str, Any] = {
            "id": "", "object": "", "created": 0, "model": "", "choices": [],
            "prompt_filter_results": _VERDICT,
        }  # fmt: skip
        reply.steps = [Step(sse(head)), *reply.steps]
        return
    (step,) = reply.steps
    body = cast("dict[str, Any]", msgspec.json.decode(step.data))
    data = msgspec.json.encode({**body, "prompt_filter_results": _VERDICT})
    reply.steps = [msgspec.structs.replace(step, data=data)]


AZURE = Vendor(
    "azure",
    tuple(
        Route(route.method, "/{deployment}" + route.path, _deployed(route.handler))
        for route in BILLED
    ),
    error_body,
    id_header="apim-request-id",
    key_headers=("api-key", "authorization"),
    needed_query="api-version",
)
