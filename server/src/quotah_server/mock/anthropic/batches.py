"""``/anthropic/v1/messages/batches``: each is answered at once, and bills nothing here.

What a batch costs is billed by the provider when it has run, and told by its results.
"""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.anthropic.messages import answer_messages
from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import Reply, Step, json_reply
from quotah_server.mock.script import read_script

_RESULTS = "results of "


class _Item(msgspec.Struct, frozen=True):
    custom_id: str
    params: dict[str, Any]


class _BatchRequest(msgspec.Struct, frozen=True):
    requests: list[_Item]


def create_batch(visit: Visit) -> Answer:
    """Take a batch, and answer every request in it."""
    asked = decode(visit.request.body, _BatchRequest)
    batch_id = visit.desk.mint("msgbatch_01")
    lines = [_result(visit, item) for item in asked.requests]
    now = visit.desk.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    batch: dict[str, Any] = {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {
            "processing": 0, "succeeded": len(lines), "errored": 0, "canceled": 0, "expired": 0,
        },
        "created_at": now,
        "expires_at": now,
        "ended_at": now,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"https://api.anthropic.com/v1/messages/batches/{batch_id}/results",
    }  # fmt: skip
    visit.desk.keep(batch_id, batch)
    visit.desk.keep(_RESULTS + batch_id, b"".join(lines))
    return _told(visit, batch)


def get_batch(visit: Visit) -> Answer:
    """Tell one batch."""
    return _told(visit, visit.kept())


def cancel_batch(visit: Visit) -> Answer:
    """Tell one batch: it has ended, and nothing is left to cancel."""
    return _told(visit, visit.kept())


def list_batches(visit: Visit) -> Answer:
    """Tell every batch."""
    batches = [value for name, value in visit.desk.kept.items() if name.startswith("msgbatch_")]
    ids = [batch["id"] for batch in batches] or [None]
    body = {"data": batches, "has_more": False, "first_id": ids[0], "last_id": ids[-1]}
    return _told(visit, body)


def answer_results(visit: Visit) -> Answer:
    """The results, a line of JSON for each request."""
    visit.kept()
    lines: bytes = visit.desk.kept[_RESULTS + visit.params["id"]]
    headers = [("content-type", "application/x-jsonl"), ("request-id", visit.request_id)]
    return Answer(Reply(200, headers, [Step(lines)]), read_script(visit.request.headers, "", []))


def _result(visit: Visit, item: _Item) -> bytes:
    params = {name: value for name, value in item.params.items() if name != "stream"}
    request = msgspec.structs.replace(visit.request, body=msgspec.json.encode(params))
    message = answer_messages(msgspec.structs.replace(visit, request=request)).reply.steps[0].data
    result = {"type": "succeeded", "message": msgspec.Raw(message)}
    return msgspec.json.encode({"custom_id": item.custom_id, "result": result}) + b"\n"


def _told(visit: Visit, body: object) -> Answer:
    reply = json_reply(200, body, [("request-id", visit.request_id)])
    return Answer(reply, read_script(visit.request.headers, "", []))
