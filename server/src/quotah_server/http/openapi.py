"""The OpenAPI document: problems as they are really sent, instead of FastAPI's own error shapes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from quotah_server.http.problem import Problem, documented

_REPLACED = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Have the app serve the corrected document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(shape.pop("$defs", {}))
    schemas["Problem"] = shape
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for status in (422, 500):
                operation["responses"][str(status)] = documented(status)
    document["paths"] = dict(sorted(document.get("paths", {}).items()))
    return document
