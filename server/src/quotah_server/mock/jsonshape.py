"""Makes a value that fits a JSON schema: arguments of tool calls and structured answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_MAX_DEPTH = 16
_FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "email": "sam@example.com",
    "uuid": "8c2c5a0e-5f5c-4d7e-9a53-0d6a1c1f2b3e",
    "uri": "https://example.com/",
}


def example_of(schema: Mapping[str, Any]) -> Any:
    """Build the simplest value that the schema describes; local ``$ref`` are followed."""
    return _example(schema, schema, 0)


def _example(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return None
    if "$ref" in schema:
        return _example(_resolve(str(schema["$ref"]), root), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        options = cast("list[Mapping[str, Any]] | None", schema.get(word))
        if options:
            return _example(options[0], root, depth + 1)
    return _typed(schema, root, depth)


def _typed(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kinds = cast("list[str]", kind)
        kind = next((k for k in kinds if k != "null"), "null")
    match kind:
        case "object":
            properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties") or {})
            return {name: _example(part, root, depth + 1) for name, part in properties.items()}
        case "array":
            items = cast("Mapping[str, Any]", schema.get("items") or {})
            return [_example(items, root, depth + 1) for _ in range(schema.get("minItems", 1))]
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return schema.get("minimum", 1.5)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            text = _FORMATS.get(str(schema.get("format")), "example")
            return text.ljust(int(schema.get("minLength", 0)), ".")


def _resolve(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        if name in ("", "#"):
            continue
        found = cast("Mapping[str, Any]", found).get(name, {})
    return cast("Mapping[str, Any]", found)
