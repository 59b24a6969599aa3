"""What a request on OpenAI's wire says that its answer does not, and that is billed.

Speech is billed by the characters to be spoken (tts-1) and answered with plain audio; a picture of a
flat price by its size and quality; recordings by their length, which plain text does not tell; and
whether a search was the preview's, by the tool that was offered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import MAX_COUNT, WEB_SEARCH
from quotah_server.providers.counts import Raw, items, mapping

IMAGES_ASKED = "images_asked"
"""Extras key: images that were asked for; counts where nobody could read the answer."""
INPUT_CHARACTERS = "input_characters"
RESPONSE_FORMAT = "response_format"
SEARCH_CONTEXT_SIZE = "search_context_size"
NOTHING: frozenset[str] = frozenset()
_MEMBERS = {
    "speech": frozenset({"input"}),
    "images": frozenset({"n", "size", "quality"}),
    "transcription": frozenset({RESPONSE_FORMAT}),
}
_TOOLS = frozenset({"tools"})
_MOST_TOOLS = 64
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_DIGITS = re.compile(r"[0-9]{1,4}")


def wants(operation: str, told: Mapping[str, Any]) -> frozenset[str]:
    """See Asker; the tools that were offered matter only to a search nothing else tells of."""
    if operation == "responses":
        return _TOOLS if WEB_SEARCH in told and "tools" not in told else NOTHING
    return _MEMBERS.get(operation, NOTHING)


def asked(operation: str, request: Raw) -> dict[str, Any]:
    """Extras of these members of a request."""
    found: dict[str, Any] = {}
    if operation == "speech":
        text = request.get("input")
        found[INPUT_CHARACTERS] = len(text) if isinstance(text, str) else None
    elif operation == "images":
        found = {name: _word(request.get(name)) for name in ("size", "quality")}
        found[IMAGES_ASKED] = _number(request.get("n"))
    elif operation == "transcription":
        found[RESPONSE_FORMAT] = _word(request.get(RESPONSE_FORMAT))
    elif operation == "responses":
        kinds = [_word(tool.get("type")) for tool in items(request, "tools")[:_MOST_TOOLS]]
        found["tools"] = [kind for kind in kinds if kind] or None
    return {name: value for name, value in found.items() if value is not None}


def search_context(request: Raw) -> dict[str, Any]:
    """How much a model was asked to search through, as those say who bill a fee by it."""
    size = _word(mapping(request, "web_search_options").get(SEARCH_CONTEXT_SIZE))
    return {} if size is None else {SEARCH_CONTEXT_SIZE: size}


def _word(value: object) -> str | None:
    """A value of a setting; a text that is none is not kept."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _number(value: object) -> int | None:
    """How many were asked for: one where nothing is said; forms write it as text."""
    if value is None:
        return 1
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 < value <= MAX_COUNT else None
