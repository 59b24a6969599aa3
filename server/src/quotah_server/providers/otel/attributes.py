"""A span's attributes as one flat mapping, however they were written down.

OTLP's JSON has ``[{"key", "value": {"intValue": "3"}}]``; SDKs and stores have plain mappings, some
of them nested; libraries put mappings into text, as JSON or as Python writes them.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, cast

from quotah_server.providers.counts import EMPTY, Raw

_MAX_DEPTH = 8
_MAX_TEXT = 65_536
_TAGS = frozenset(
    {"stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue",
     "bytesValue"}
)  # fmt: skip
_PAIR = re.compile(r"""['"](\w+)['"]\s*:\s*(-?\d+)(?![\d.eE])""")


def attributes_of(span: Raw) -> dict[str, Any]:
    """Name → value of a span; a nested mapping also under dotted names."""
    flat: dict[str, Any] = {}
    _flatten(flat, "", _decoded(span.get("attributes"), 0), 0)
    return flat


def scope_of(span: Raw) -> str:
    """The name of the library that wrote the span; empty when it is not told."""
    for field in ("scope", "instrumentation_scope", "instrumentationScope", "otel.scope.name"):
        value = span.get(field)
        if isinstance(value, dict):
            value = cast("Raw", value).get("name")
        if isinstance(value, str):
            return value
    return ""


def embedded(value: object) -> Raw:
    """A mapping that stands in an attribute, as itself or as JSON; an empty one for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("{") and len(value) <= _MAX_TEXT:
        try:
            value = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            return EMPTY
    return cast("Raw", value) if isinstance(value, dict) else EMPTY


def written_counts(value: object) -> dict[str, int]:
    """The integers by name of a mapping's text: JSON, or the form that Python's ``str`` gives.

    Matched, not evaluated; what stands in an inner mapping counts by its own name.
    """
    if isinstance(value, dict):
        named = cast("Raw", value)
        return {name: count for name, count in named.items() if type(count) is int}
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        return {}
    return {name: int(digits) for name, digits in _PAIR.findall(value) if len(digits) <= 20}


def _decoded(value: object, depth: int) -> object:
    """OTLP's tagged values as plain ones."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, list):
        entries = cast("list[object]", value)
        if entries and all(_is_pair(entry) for entry in entries):
            pairs = cast("list[Raw]", entries)
            return {str(pair["key"]): _decoded(pair.get("value"), depth + 1) for pair in pairs}
        return [_decoded(entry, depth + 1) for entry in entries]
    if not isinstance(value, dict):
        return value
    named = cast("Raw", value)
    if len(named) == 1 and (tag := next(iter(named))) in _TAGS:
        return _tagged(tag, named[tag], depth)
    return {str(name): _decoded(inner, depth + 1) for name, inner in named.items()}


def _is_pair(entry: object) -> bool:
    return isinstance(entry, dict) and "key" in entry


def _tagged(tag: str, value: object, depth: int) -> object:
    if tag == "intValue" and isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else value
    if tag in ("arrayValue", "kvlistValue"):
        inner = cast("Raw", value).get("values") if isinstance(value, dict) else None
        return _decoded(inner if inner is not None else [], depth + 1)
    return value


def _flatten(flat: dict[str, Any], prefix: str, value: object, depth: int) -> None:
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return
    for name, inner in cast("Raw", value).items():
        path = f"{prefix}{name}"
        flat.setdefault(path, inner)
        _flatten(flat, f"{path}.", inner, depth + 1)
