"""Cohere's API below ``/cohere``; its models are listed under version 1."""

from __future__ import annotations

from typing import Any

from quotah_server.mock.cohere.answers import ID_HEADER, error_body, stream_error
from quotah_server.mock.cohere.chat import answer_chat
from quotah_server.mock.cohere.embed import answer_embed
from quotah_server.mock.cohere.rerank import answer_rerank
from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import json_reply
from quotah_server.mock.models import known
from quotah_server.mock.script import read_script
from quotah_server.mock.vendor import Route, Vendor

_ENDPOINTS = {"command": "chat", "embed": "embed", "rerank": "rerank"}


def list_models(visit: Visit) -> Answer:
    """List the models that the stand-in knows; it answers for any other name too."""
    return _told(visit, {"models": [_model(name) for name in known(tuple(_ENDPOINTS))]})


def get_model(visit: Visit) -> Answer:
    """Tell one model, whatever its name."""
    return _told(visit, _model(visit.params["id"]))


def _model(name: str) -> dict[str, Any]:
    endpoint = _ENDPOINTS.get(name.partition("-")[0], "chat")
    return {"name": name, "endpoints": [endpoint], "finetuned": False, "context_length": 128_000}


def _told(visit: Visit, body: object) -> Answer:
    reply = json_reply(200, body, [(ID_HEADER, visit.request_id)])
    return Answer(reply, read_script(visit.request.headers, "", []))


COHERE = Vendor(
    "cohere",
    (
        Route("POST", "/v2/chat", answer_chat),
        Route("POST", "/v2/embed", answer_embed),
        Route("POST", "/v2/rerank", answer_rerank),
        Route("GET", "/v1/models", list_models),
        Route("GET", "/v1/models/{id}", get_model),
    ),
    error_body,
    id_header=ID_HEADER,
    key_headers=("authorization",),
    stream_error=stream_error,
)
