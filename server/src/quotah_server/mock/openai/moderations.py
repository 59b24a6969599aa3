"""``POST /openai/v1/moderations``: free, so it has no line in the log."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.openai.listing import told

_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit",
    "illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent", "sexual",
    "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
_FLAGGED = "violence"


class _ModerationRequest(msgspec.Struct, frozen=True):
    input: str | list[str | dict[str, Any]]
    model: str = "omni-moderation-latest"


def answer_moderations(visit: Visit) -> Answer:
    """Flag what names violence."""
    asked = decode(visit.request.body, _ModerationRequest)
    inputs = [asked.input] if isinstance(asked.input, str) else asked.input
    results = [_result(_FLAGGED in str(text).lower()) for text in inputs]
    body = {"id": visit.desk.mint("modr-"), "model": asked.model, "results": results}
    return told(visit, body)


def _result(flagged: bool) -> dict[str, Any]:
    hit = {name: flagged and name == _FLAGGED for name in _CATEGORIES}
    return {
        "flagged": flagged,
        "categories": hit,
        "category_scores": {name: 0.98 if found else 0.0001 for name, found in hit.items()},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
