"""``GET /openai/v1/models``."""

from __future__ import annotations

from typing import Any

from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import json_reply
from quotah_server.mock.models import known
from quotah_server.mock.script import read_script


def list_models(visit: Visit) -> Answer:
    """List the models that the stand-in knows by date; it answers for any other name too."""
    items = [_model(name) for name in known(("gpt", "o1", "o3", "o4", "text-embedding"))]
    return told(visit, {"object": "list", "data": items})


def get_model(visit: Visit) -> Answer:
    """Tell one model, whatever its name."""
    return told(visit, _model(visit.params["id"]))


def told(visit: Visit, body: object) -> Answer:
    """An answer that is billed to nobody."""
    headers = [("x-request-id", visit.request_id)]
    return Answer(json_reply(200, body, headers), read_script(visit.request.headers, "", []))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1735689600, "owned_by": "system"}
