"""The JSON Schema of an event, made from the type that reads it.

``python -m quotah_server.features.ingest.schema`` prints it; ``schemas/ingest.v1.json`` is that text.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import msgspec

from quotah_server.features.ingest.body import MAX_EVENTS
from quotah_server.features.ingest.wire import EventIn

_ID = "urn:quotah:schema:ingest.v1"


def event_schema() -> dict[str, Any]:
    """The schema of one event, without references."""
    schema = msgspec.json.schema(EventIn)
    name = schema["$ref"].rpartition("/")[2]
    found = schema["$defs"][name]
    return {**found, "title": "Event", "description": inspect.cleandoc(EventIn.__doc__ or "")}


def document() -> dict[str, Any]:
    """The published schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        **event_schema(),
    }


def request_body() -> dict[str, Any]:
    """The body of POST /events for OpenAPI."""
    event = event_schema()
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": event, "maxItems": MAX_EVENTS}
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }


def text() -> str:
    """The published schema as it is committed."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
