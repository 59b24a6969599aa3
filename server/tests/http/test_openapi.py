"""The document of the API is complete: names, problems, permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from plane import Plane

from quotah_server.http import deps

PERMISSIONS = {deps.open_to_all, deps.signed, deps.ingesting}


@pytest.fixture
def document(plane: Plane) -> dict[str, Any]:
    return plane.app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def dependencies(dependant: Any) -> Iterator[Any]:
    for found in dependant.dependencies:
        yield found.call
        yield from dependencies(found)


def test_every_operation_is_called_noun_verb_and_no_two_alike(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 10
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)


def test_every_operation_documents_its_problems_as_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (
                    path,
                    method,
                    status,
                )
        if method != "get" or path != "/api/v1/instance":
            assert "401" in operation["responses"], (path, method)


def test_what_an_answer_holds_is_always_there(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    asked: set[str] = set()
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if content and int(status) < 300:
                asked.add(content["schema"]["$ref"].rpartition("/")[2])
    assert len(asked) > 8
    for name in asked:
        assert set(shapes[name]["required"]) == set(shapes[name]["properties"]), name


def test_fastapis_own_error_shapes_are_gone(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(document)


def test_every_route_declares_who_may_use_it(plane: Plane) -> None:
    seen = 0
    for route in iter_route_contexts(plane.app.routes):
        dependant = getattr(route, "dependant", None)
        if dependant is None:
            continue
        seen += 1
        assert PERMISSIONS & set(dependencies(dependant)), route.path
    assert seen > 15


def test_the_document_is_the_same_each_time_it_is_made(plane: Plane) -> None:
    assert plane.build().openapi() == plane.build().openapi()
