"""What grounding an answer costs, counted from what the answer says it searched for.

Gemini 3 and later are billed for each query that was run, repeated and empty ones aside; earlier
models once for a grounded prompt, however many queries it took. Google Maps is billed by prompt.
Source: https://ai.google.dev/gemini-api/docs/google-search#pricing,
https://ai.google.dev/gemini-api/docs/maps-grounding#pricing-rate-limits
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import cast

from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, items, text

GROUNDING_QUERY = "grounding_query"
GROUNDED_PROMPT = "grounded_prompt"
GROUNDED_MAPS_PROMPT = "grounded_maps_prompt"
UNITS = (GROUNDING_QUERY, GROUNDED_PROMPT, GROUNDED_MAPS_PROMPT)
SEEN = "grounding_seen"
"""Extras key: marks of the queries seen so far. Queries are content, which nothing here keeps."""
_BY_PROMPT = re.compile(r"gemini-(?:(?:live|pro|flash)-)?[12](?:[.-]|$)|gemini-robotics-er-1\b")
_MARK_BYTES = 6
_QUERIES = (
    ("webSearchQueries", "web_search_queries"),
    ("imageSearchQueries", "image_search_queries"),
)


def billed_by_prompt(model: str | None) -> bool:
    """Whether a model is older than Gemini 3; one that is not named is taken for a current one."""
    return model is not None and _BY_PROMPT.match(model.lower()) is not None


def take(answer: Answer, metadata: Raw) -> None:
    """Fold one candidate's grounding metadata in. Streams repeat it and add to it."""
    if not metadata:
        return
    chunks = items(metadata, "groundingChunks") or items(metadata, "grounding_chunks")
    marks = _marks(metadata)
    searched = bool(marks) or any("web" in chunk or "image" in chunk for chunk in chunks)
    extras = dict(answer.extras)
    if any("maps" in chunk for chunk in chunks):
        extras[GROUNDED_MAPS_PROMPT] = 1
    if searched and billed_by_prompt(answer.model):
        extras[GROUNDED_PROMPT] = 1
    elif marks:
        seen = extras.get(SEEN)
        known = set(cast("list[str]", seen)) if isinstance(seen, list) else set[str]()
        extras[SEEN] = sorted(known | marks)
        extras[GROUNDING_QUERY] = len(known | marks)
    answer.extras = extras


def take_counts(answer: Answer, counts: list[Raw]) -> None:
    """The counts by tool that the interactions API gives by itself."""
    for count in counts:
        kind, times = text(count, "type"), count.get("count")
        if type(times) is not int or times <= 0:
            continue
        if kind == "google_maps":
            answer.extras = {**answer.extras, GROUNDED_MAPS_PROMPT: 1}
        elif kind == "google_search" and billed_by_prompt(answer.model):
            answer.extras = {**answer.extras, GROUNDED_PROMPT: 1}
        elif kind == "google_search":
            answer.extras = {**answer.extras, GROUNDING_QUERY: times}


def _marks(metadata: Raw) -> set[str]:
    found: set[str] = set()
    for names in _QUERIES:
        for name in names:
            value = metadata.get(name)
            queries = cast("list[object]", value) if isinstance(value, list) else []
            found.update(_mark(q) for q in queries if isinstance(q, str) and q.strip())
    return found


def _mark(query: str) -> str:
    return blake2b(query.encode("utf-8", "replace"), digest_size=_MARK_BYTES).hexdigest()
