"""Anthropic's API below ``/anthropic``."""

from __future__ import annotations

from quotah_server.mock.anthropic.batches import (
    answer_results,
    cancel_batch,
    create_batch,
    get_batch,
    list_batches,
)
from quotah_server.mock.anthropic.errors import error_body
from quotah_server.mock.anthropic.listing import get_model, list_models
from quotah_server.mock.anthropic.messages import answer_count, answer_messages
from quotah_server.mock.vendor import Route, Vendor

ANTHROPIC = Vendor(
    "anthropic",
    (
        Route("POST", "/v1/messages", answer_messages),
        Route("POST", "/v1/messages/count_tokens", answer_count),
        Route("POST", "/v1/messages/batches", create_batch),
        Route("GET", "/v1/messages/batches", list_batches),
        Route("GET", "/v1/messages/batches/{id}", get_batch),
        Route("GET", "/v1/messages/batches/{id}/results", answer_results),
        Route("POST", "/v1/messages/batches/{id}/cancel", cancel_batch),
        Route("GET", "/v1/models", list_models),
        Route("GET", "/v1/models/{id}", get_model),
    ),
    error_body,
    id_header="request-id",
    key_headers=("x-api-key", "authorization"),
    needed_header="anthropic-version",
)
