"""What an answer on OpenAI's wire used besides the model: tools billed by the call, images drawn.

Their counts stand in an answer's extras under the names of our units; drawing an image inside a
response is metered apart (``tool_usage.image_gen``), in tokens of the model that drew it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import (
    AUDIO_MICROSECOND,
    AUDIO_SECOND,
    CODE_CONTAINER,
    FILE_SEARCH,
    INPUT,
    INPUT_IMAGE,
    OUTPUT,
    OUTPUT_IMAGE,
    SEARCH_UNIT,
    WEB_SEARCH,
    WEB_SEARCH_PREVIEW,
    InnerUsage,
)
from quotah_server.providers.counts import Counts, Raw, items, mapping, text
from quotah_server.providers.wires.openai.asked import IMAGES_ASKED

SOCIAL_SEARCH = "social_search"
CODE_EXECUTION = "code_execution"
_BY_NAME = (FILE_SEARCH, CODE_CONTAINER, SOCIAL_SEARCH, CODE_EXECUTION)
_COUNTED = frozenset({WEB_SEARCH, WEB_SEARCH_PREVIEW, *_BY_NAME})
_BY_REQUEST = (AUDIO_SECOND, AUDIO_MICROSECOND, "image", "video_second", SEARCH_UNIT)
_DRAWN = {
    "image_generation_input": ("input_tokens",),
    "image_generation_input_image": ("input_tokens_details", "image_tokens"),
    "image_generation_output": ("output_tokens",),
    "image_generation_output_text": ("output_tokens_details", "text_tokens"),
}
"""Extras → where in ``tool_usage.image_gen`` the count stands."""
_NOT_METERED = "image_generation_not_metered"
"""Extras key: images drawn of which the answer tells no tokens."""


def tools_used(response: Raw) -> dict[str, Any]:
    """Extras of a response object: counts, the tools that were offered, the image model's tokens.

    Opening a page found by a search is free. Containers are billed once each.
    """
    calls, usage = items(response, "output"), mapping(response, "tool_usage")
    searches = [call for call in calls if call.get("type") == "web_search_call"]
    billed = sum(
        mapping(call, "action").get("type", "search") == "search" and call.get("status") != "failed"
        for call in searches
    )
    if not searches:
        billed = _count(mapping(usage, "web_search").get("num_requests"))
    found: dict[str, Any] = {
        WEB_SEARCH: billed,
        FILE_SEARCH: sum(call.get("type") == "file_search_call" for call in calls),
        CODE_CONTAINER: len({text(call, "container_id") for call in calls} - {None}),
        **_drawing(response, mapping(usage, "image_gen")),
    }
    offered = [kind for tool in items(response, "tools") if (kind := text(tool, "type"))]
    return {name: value for name, value in {**found, "tools": offered}.items() if value}


def _drawing(response: Raw, usage: Raw) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (field, *inside) in _DRAWN.items():
        holder = mapping(usage, field) if inside else usage
        found[name] = _count(holder.get(inside[0] if inside else field))
    drawn_by = (
        text(tool, "model")
        for tool in items(response, "tools")
        if tool.get("type") == "image_generation"
    )
    if any(found.values()):
        found["image_generation_model"] = next((name for name in drawn_by if name), None)
    else:
        found[_NOT_METERED] = sum(
            call.get("type") == "image_generation_call" and call.get("status") != "failed"
            for call in items(response, "output")
        )
    return found


def _count(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def tool_units(counts: Counts, extras: Mapping[str, Any]) -> dict[str, int]:
    """Tool calls are billed apart from tokens. ``tools`` (offered) tells a preview search."""
    if _COUNTED.isdisjoint(extras):
        return {}
    offered = extras.get("tools")
    kinds = [kind for kind in offered if isinstance(kind, str)] if isinstance(offered, list) else []
    preview = any(kind.startswith(WEB_SEARCH_PREVIEW) for kind in kinds)
    search = WEB_SEARCH_PREVIEW if preview and WEB_SEARCH not in kinds else WEB_SEARCH
    found = {WEB_SEARCH_PREVIEW: counts.read(extras, WEB_SEARCH_PREVIEW)}
    if searches := counts.read(extras, WEB_SEARCH):
        found[search] = searches
    found.update({unit: counts.read(extras, unit) for unit in _BY_NAME})
    return {unit: count for unit, count in found.items() if count}


def drawn(counts: Counts, extras: Mapping[str, Any]) -> InnerUsage | None:
    """The image model's part of a response; without its name it cannot be priced, and is flagged."""
    if counts.read(extras, _NOT_METERED):
        counts.flag("other_model:image_generation")
    if "image_generation_output" not in extras and "image_generation_input" not in extras:
        return None
    read = {name: counts.read(extras, name) or 0 for name in _DRAWN}
    shown, out_text = read["image_generation_input_image"], read["image_generation_output_text"]
    units = {
        INPUT: counts.rest(read["image_generation_input"], shown, "image_generation_input"),
        INPUT_IMAGE: shown,
        OUTPUT: out_text,
        OUTPUT_IMAGE: counts.rest(
            read["image_generation_output"], out_text, "image_generation_output"
        ),
    }
    found = {unit: count for unit, count in units.items() if count}
    model = text(extras, "image_generation_model")
    if found and model is None:
        counts.flag("other_model:image_generation")
    return InnerUsage(found, model) if found else None


def flat(counts: Counts, extras: Mapping[str, Any]) -> dict[str, int]:
    """Units of an answer that is billed by what was asked for: seconds heard, images drawn, lists
    searched through.
    """
    found = {unit: counts.read(extras, unit) for unit in _BY_REQUEST}
    if "image" not in extras and (drawn := counts.read(extras, IMAGES_ASKED)):
        found["image"] = drawn
        counts.flag("as_asked:image")
    return {unit: count for unit, count in found.items() if count}
