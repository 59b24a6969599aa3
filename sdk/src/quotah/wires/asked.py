"""What only a request tells of its price: counts and short words, under the server's names.

Speech is billed by characters, an image of a flat price by size and quality, Perplexity's fee by how
much is to be searched. Texts are counted, never kept.
"""

from __future__ import annotations

import re
from typing import Any

from quotah.wires.answer import Raw, mapping, objects

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_DIGITS = re.compile(r"[0-9]{1,4}")
_SEARCHED = "search_context_size"
_MOST_TOOLS = 64


def asked(operation: str, request: Raw, told: Raw) -> dict[str, Any]:
    """Extras of a request; the members of a form are texts. told: those of its answer."""
    found: dict[str, Any] = {}
    if operation == "speech":
        spoken = request.get("input")
        found["input_characters"] = len(spoken) if isinstance(spoken, str) else None
    elif operation == "images":
        found = {name: _word(request.get(name)) for name in ("size", "quality")}
        found["images_asked"] = _number(request.get("n"))
    elif operation == "transcription":
        found["response_format"] = _word(request.get("response_format"))
    elif operation == "chat":
        found[_SEARCHED] = _word(mapping(request, "web_search_options").get(_SEARCHED))
    elif operation == "responses" and "web_search" in told and "tools" not in told:
        kinds = [_word(tool.get("type")) for tool in objects(request, "tools")[:_MOST_TOOLS]]
        found["tools"] = [kind for kind in kinds if kind] or None
    return {name: value for name, value in found.items() if value is not None}


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _number(value: object) -> int | None:
    if value is None:
        return 1
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    return value if type(value) is int and value > 0 else None
