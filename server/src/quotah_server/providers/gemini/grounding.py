"""What grounding an answer costs, counted from what the answer says it searched for.

Gemini 3 and later are billed for each query that was run, repeated and empty ones aside; earlier
models once for a grounded prompt, however many queries it took. Search and Maps are billed apart, but
the queries of both stand in one list: they are those of Maps where no source came from the web.
Source: https://ai.google.dev/gemini-api/docs/google-search#pricing,
https://ai.google.dev/gemini-api/docs/maps-grounding, https://ai.google.dev/gemini-api/docs/pricing
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import cast

from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, items, text

GROUNDING_QUERY = "grounding_query"
GROUNDED_PROMPT = "grounded_prompt"
MAPS_QUERY = "maps_query"
GROUNDED_MAPS_PROMPT = "grounded_maps_prompt"
UNITS = (GROUNDING_QUERY, GROUNDED_PROMPT, MAPS_QUERY, GROUNDED_MAPS_PROMPT)
SEEN, SOURCES = "grounding_seen", "grounding_sources"
"""Extras keys: marks of the queries seen so far (queries are content, which nothing here keeps), and
where the evidence came from (``maps``, ``web``)."""
UNTOLD = "grounding_queries_untold"
"""Extras key: something was searched for, but not told what; one query is counted."""
_KINDS = {"web": "web", "image": "web", "maps": "maps"}
_BY_PROMPT = re.compile(r"gemini-(?:(?:live|pro|flash)-)?[12](?:[.-]|$)|gemini-robotics-er-1\b")
_MARK_BYTES = 6
_UNITS_OF_TOOL = {
    "google_search": (GROUNDED_PROMPT, GROUNDING_QUERY),
    "google_maps": (GROUNDED_MAPS_PROMPT, MAPS_QUERY),
}
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
    kinds = {kind for chunk in chunks for name, kind in _KINDS.items() if name in chunk}
    seen = _known(answer, SEEN) | _marks(metadata)
    sources = _known(answer, SOURCES) | kinds
    if not seen and not sources:
        return
    extras = {k: v for k, v in answer.extras.items() if k not in UNITS and k != UNTOLD}
    extras[SEEN], extras[SOURCES] = sorted(seen), sorted(sources)
    answer.extras = {**extras, **_billed(answer.model, len(seen), sources)}


def _known(answer: Answer, key: str) -> set[str]:
    known = answer.extras.get(key)
    return set(cast("list[str]", known)) if isinstance(known, list) else set()


def _billed(model: str | None, queries: int, sources: set[str]) -> dict[str, int]:
    by_maps_alone = sources == {"maps"}
    if billed_by_prompt(model):
        found = {GROUNDED_MAPS_PROMPT: 1} if "maps" in sources else {}
        return found if by_maps_alone else {**found, GROUNDED_PROMPT: 1}
    unit = MAPS_QUERY if by_maps_alone else GROUNDING_QUERY
    return {unit: queries} if queries else {unit: 1, UNTOLD: 1}


def take_counts(answer: Answer, counts: list[Raw]) -> None:
    """The counts by tool that the interactions API gives by itself."""
    for count in counts:
        kind, times = text(count, "type"), count.get("count")
        if type(times) is not int or times <= 0:
            continue
        by_prompt, by_query = _UNITS_OF_TOOL.get(kind or "", (None, None))
        if by_prompt is not None and billed_by_prompt(answer.model):
            answer.extras = {**answer.extras, by_prompt: 1}
        elif by_query is not None:
            answer.extras = {**answer.extras, by_query: times}


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
