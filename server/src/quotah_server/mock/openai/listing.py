"""``GET /openai/v1/models``."""

from __future__ import annotations

from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import json_reply
from quotah_server.mock.models import known
from quotah_server.mock.script import read_script


def list_models(visit: Visit) -> Answer:
    """List the models that the stand-in knows by date; it answers for any other name too."""
    items = [
        {"id": name, "object": "model", "created": 1735689600, "owned_by": "system"}
        for name in known(("gpt", "o1", "o3", "o4", "text-embedding"))
    ]
    script = read_script(visit.request.headers, "", [])
    headers = [("x-request-id", visit.request_id)]
    return Answer(json_reply(200, {"object": "list", "data": items}, headers), script)
