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
        "data": [
            {
                "type": "model",
                "id": name,
                "display_name": name.replace("-", " ").title(),
                "created_at": "2025-01-01T00:00:00Z",
            }
            for name in names
        ],
        "has_more": False,
        "first_id": names[0],
        "last_id": names[-1],
    }
    script = read_script(visit.request.headers, "", [])
    return Answer(json_reply(200, body, [("request-id", visit.request_id)]), script)
