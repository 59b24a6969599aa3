"""Gemini's API below ``/gemini``, under ``v1beta`` and ``v1``."""

from __future__ import annotations

from quotah_server.mock.gemini.content import answer_content, answer_count, answer_stream
from quotah_server.mock.gemini.embeddings import answer_batch, answer_embed
from quotah_server.mock.gemini.errors import error_body, stream_error
from quotah_server.mock.gemini.listing import get_model, list_models
from quotah_server.mock.vendor import Route, Vendor

_VERBS = {
    "generateContent": answer_content,
    "streamGenerateContent": answer_stream,
    "countTokens": answer_count,
    "embedContent": answer_embed,
    "batchEmbedContents": answer_batch,
}

GEMINI = Vendor(
    "gemini",
    (
        *(
            Route("POST", f"/{{version}}/models/{{model}}:{verb}", handler)
            for verb, handler in _VERBS.items()
        ),
        Route("GET", "/{version}/models", list_models),
        Route("GET", "/{version}/models/{model}", get_model),
    ),
    error_body,
    key_headers=("x-goog-api-key", "authorization"),
    key_query="key",
    keyless_status=403,
    retry_headers=False,
    stream_error=stream_error,
)
