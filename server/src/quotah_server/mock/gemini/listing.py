"""``GET /gemini/v1beta/models``."""

from __future__ import annotations

from typing import Any

from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import json_reply
from quotah_server.mock.models import known
from quotah_server.mock.script import read_script

_EMBEDS = ["embedContent", "batchEmbedContents", "countTokens"]
_WRITES = ["generateContent", "streamGenerateContent", "countTokens"]


def list_models(visit: Visit) -> Answer:
    """List the models that the stand-in knows; it answers for any other name too."""
    return _told(visit, {"models": [_model(name) for name in known(("gemini",))]})


def get_model(visit: Visit) -> Answer:
    """Tell one model, whatever its name."""
    return _told(visit, _model(visit.params["model"]))


def _model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": _EMBEDS if "embedding" in name else _WRITES,
    }


def _told(visit: Visit, body: object) -> Answer:
    return Answer(json_reply(200, body, []), read_script(visit.request.headers, "", []))
