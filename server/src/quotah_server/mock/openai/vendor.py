"""OpenAI's API below ``/openai/v1``."""

from __future__ import annotations

from quotah_server.mock.openai.audio import answer_speech, answer_transcription
from quotah_server.mock.openai.chat import answer_chat
from quotah_server.mock.openai.completions import answer_completions
from quotah_server.mock.openai.embeddings import answer_embeddings
from quotah_server.mock.openai.errors import error_body
from quotah_server.mock.openai.images import answer_edit, answer_images
from quotah_server.mock.openai.listing import get_model, list_models
from quotah_server.mock.openai.moderations import answer_moderations
from quotah_server.mock.openai.responses import answer_responses
from quotah_server.mock.openai.shelf import (
    create_batch,
    create_file,
    delete_stored,
    file_content,
    get_stored,
    list_batches,
    list_files,
)
from quotah_server.mock.vendor import Route, Vendor

BILLED = (
    Route("POST", "/chat/completions", answer_chat),
    Route("POST", "/completions", answer_completions),
    Route("POST", "/embeddings", answer_embeddings),
    Route("POST", "/audio/speech", answer_speech),
    Route("POST", "/audio/transcriptions", answer_transcription),
    Route("POST", "/images/generations", answer_images),
    Route("POST", "/images/edits", answer_edit),
)
"""What Azure offers below a deployment too."""

OPENAI = Vendor(
    "openai",
    (
        *BILLED,
        Route("POST", "/responses", answer_responses),
        Route("GET", "/responses/{id}", get_stored),
        Route("DELETE", "/responses/{id}", delete_stored),
        Route("POST", "/moderations", answer_moderations),
        Route("GET", "/models", list_models),
        Route("GET", "/models/{id}", get_model),
        Route("POST", "/files", create_file),
        Route("GET", "/files", list_files),
        Route("GET", "/files/{id}", get_stored),
        Route("GET", "/files/{id}/content", file_content),
        Route("DELETE", "/files/{id}", delete_stored),
        Route("POST", "/batches", create_batch),
        Route("GET", "/batches", list_batches),
        Route("GET", "/batches/{id}", get_stored),
        Route("POST", "/batches/{id}/cancel", get_stored),
    ),
    error_body,
    id_header="x-request-id",
)
