"""Makes a value that fits a JSON schema: arguments of tool calls and structured answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_MAX_DEPTH = 16
_MAX_NODES = 2_000
_MAX_ITEMS = 20
_FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "email": "sam@example.com",
    "uuid": "8c2c5a0e-5f5c-4d7e-9a53-0d6a1c1f2b3e",
    "uri": "https://example.com/",
}

Schema = Mapping[str, Any]


def example_of(schema: Schema) -> Any:
    """Build the simplest value that the schema describes; local ``$ref`` are followed.

    A schema that refers to itself is followed 16 levels or 2,000 values far, then ends in null.
    """
    return _Sampler(schema).value(schema, 0)


class _Sampler:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MAX_NODES

    def value(self, schema: object, depth: int) -> Any:
        """Build a value for one part of the schema."""
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH or self._left < 0:
            return None
        part = cast("Schema", schema)
        if "$ref" in part:
            return self.value(self._resolve(str(part["$ref"])), depth + 1)
        if "const" in part:
            return part["const"]
        for word in ("enum", "anyOf", "oneOf", "allOf"):
            options = part.get(word)
            if isinstance(options, list) and options:
                first = cast("list[object]", options)[0]
                return first if word == "enum" else self.value(first, depth + 1)
        return self._typed(part, depth)

    def _typed(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((k for k in cast("list[object]", kind) if k != "null"), "null")
        if kind == "object":
            properties = schema.get("properties")
            if not isinstance(properties, Mapping):
                return {}
            parts = cast("Mapping[str, object]", properties)
            return {name: self.value(part, depth + 1) for name, part in parts.items()}
        if kind == "array":
            count = min(_whole(schema.get("minItems"), 1), _MAX_ITEMS)
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
        if kind == "string":
            text = _FORMATS.get(str(schema.get("format")), "example")
            return text.ljust(min(_whole(schema.get("minLength"), 0), 10_000), ".")
        low = _whole(schema.get("minimum"), 1)
        return {"integer": low, "number": low + 0.5, "boolean": True}.get(str(kind))

    def _resolve(self, reference: str) -> object:
        found: object = self._root
        for name in reference.removeprefix("#").strip("/").split("/"):
            if name and isinstance(found, Mapping):
                found = cast("Schema", found).get(name)
        return found


def _whole(value: object, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default
