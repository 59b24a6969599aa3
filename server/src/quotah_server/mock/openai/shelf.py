"""What is stored for later: responses, files, batches. None of it is billed here.

What a batch costs is billed by the provider when it has run.
"""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import Reply, Step
from quotah_server.mock.openai.chat import answer_chat
from quotah_server.mock.openai.embeddings import answer_embeddings
from quotah_server.mock.openai.forms import read_form
from quotah_server.mock.openai.listing import told
from quotah_server.mock.openai.responses import answer_responses
from quotah_server.mock.script import ScriptError, read_script

_BATCHED = {
    "/v1/chat/completions": answer_chat,
    "/v1/embeddings": answer_embeddings,
    "/v1/responses": answer_responses,
}
_CONTENT = "content of "


class _Line(msgspec.Struct, frozen=True):
    custom_id: str
    body: dict[str, Any]


class _BatchRequest(msgspec.Struct, frozen=True):
    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: dict[str, str] | None = None


def get_stored(visit: Visit) -> Answer:
    """Tell what is stored under an id."""
    return told(visit, visit.kept())


def delete_stored(visit: Visit) -> Answer:
    """Forget what is stored under an id."""
    found = visit.kept()
    del visit.desk.kept[visit.params["id"]]
    return told(visit, {"id": visit.params["id"], "object": found["object"], "deleted": True})


def create_file(visit: Visit) -> Answer:
    """Store a file."""
    form = read_form(visit.request)
    upload = form.file("file")
    return told(visit, _store(visit, upload.name, upload.data, form.fields.get("purpose", "")))


def file_content(visit: Visit) -> Answer:
    """The bytes of a file."""
    visit.kept()
    data: bytes = visit.desk.kept[_CONTENT + visit.params["id"]]
    headers = [("content-type", "application/octet-stream"), ("x-request-id", visit.request_id)]
    return Answer(Reply(200, headers, [Step(data)]), read_script(visit.request.headers, "", []))


def list_files(visit: Visit) -> Answer:
    """Tell every file."""
    return _list(visit, "file-")


def list_batches(visit: Visit) -> Answer:
    """Tell every batch."""
    return _list(visit, "batch_")


def create_batch(visit: Visit) -> Answer:
    """Take a batch, and answer every line of its file at once."""
    asked = decode(visit.request.body, _BatchRequest)
    data: bytes | None = visit.desk.kept.get(_CONTENT + asked.input_file_id)
    if data is None or asked.endpoint not in _BATCHED:
        raise BadRequestError("No such input file, or no such endpoint")
    lines = [_result(visit, asked.endpoint, line) for line in data.splitlines() if line]
    output = _store(visit, "output.jsonl", b"".join(lines), "batch_output")
    now = int(visit.desk.clock().timestamp())
    batch: dict[str, Any] = {
        "id": visit.desk.mint("batch_"),
        "object": "batch",
        "endpoint": asked.endpoint,
        "errors": None,
        "input_file_id": asked.input_file_id,
        "completion_window": asked.completion_window,
        "status": "completed",
        "output_file_id": output["id"],
        "error_file_id": None,
        "created_at": now,
        "completed_at": now,
        "request_counts": {"total": len(lines), "completed": len(lines), "failed": 0},
        "metadata": asked.metadata,
    }
    visit.desk.keep(batch["id"], batch)
    return told(visit, batch)


def _result(visit: Visit, endpoint: str, line: bytes) -> bytes:
    item = decode(line, _Line)
    params = {name: value for name, value in item.body.items() if name != "stream"}
    request = msgspec.structs.replace(visit.request, body=msgspec.json.encode(params))
    try:
        reply = _BATCHED[endpoint](msgspec.structs.replace(visit, request=request)).reply
    except ScriptError as error:
        raise BadRequestError(str(error)) from error
    answer: dict[str, Any] = {"status_code": 200, "request_id": visit.request_id}
    answer["body"] = msgspec.Raw(reply.steps[0].data)
    line_id = visit.desk.mint("batch_req_")
    result = {"id": line_id, "custom_id": item.custom_id, "response": answer, "error": None}
    return msgspec.json.encode(result) + b"\n"


def _store(visit: Visit, name: str, data: bytes, purpose: str) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "id": visit.desk.mint("file-"),
        "object": "file",
        "bytes": len(data),
        "created_at": int(visit.desk.clock().timestamp()),
        "filename": name,
        "purpose": purpose,
        "status": "processed",
    }
    visit.desk.keep(stored["id"], stored)
    visit.desk.keep(_CONTENT + stored["id"], data)
    return stored


def _list(visit: Visit, prefix: str) -> Answer:
    items = [value for name, value in visit.desk.kept.items() if name.startswith(prefix)]
    ids = [item["id"] for item in items] or [None]
    body = {"object": "list", "data": items, "first_id": ids[0], "last_id": ids[-1]}
    return told(visit, {**body, "has_more": False})
