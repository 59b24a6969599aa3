"""``GET /anthropic/v1/models``."""

from __future__ import annotations

from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import json_reply
from quotah_server.mock.models import known
from quotah_server.mock.script import read_script


def list_models(visit: Visit) -> Answer:
    """List the models that the stand-in knows by date; it answers for any other name too."""
    names = known(("claude",))
    body = {
        "data": [_model(name) for name in names],
        "has_more": False,
        "first_id": names[0],
        "last_id": names[-1],
    }
    return _told(visit, body)


def get_model(visit: Visit) -> Answer:
    """Tell one model, whatever its name."""
    return _told(visit, _model(visit.params["id"]))


def _model(name: str) -> dict[str, str]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2025-01-01T00:00:00Z",
    }


def _told(visit: Visit, body: object) -> Answer:
    reply = json_reply(200, body, [("request-id", visit.request_id)])
    return Answer(reply, read_script(visit.request.headers, "", []))
