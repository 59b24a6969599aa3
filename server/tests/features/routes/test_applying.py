"""A file of routes is applied whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from features.routes.desk import Desk
from sqlalchemy import select

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.scope import Scope
from quotah_server.features.routes import convert, repository
from quotah_server.features.routes.applying import Applied, apply
from quotah_server.features.routes.schemas import RouteIn
from quotah_server.http.deps import SYSTEM
from quotah_server.store.control.models import AuditRow

OPENAI = {"mounts": ["openai", "acme"]}
FILE: list[dict[str, Any]] = [
    {"name": "Cheap", "match": OPENAI, "targets": [{"mount": "acme"}, {"mount": "openai"}]},
    {"name": "Patient", "retry": {"tries": 3}},
    {"name": "Off", "enabled": False},
]


async def applied(desk: Desk, *routes: dict[str, Any], dry_run: bool = False) -> Applied:
    wanted = [RouteIn.model_validate(route) for route in routes]
    async with desk.plane.database.transaction() as session:
        return await apply(session, SYSTEM, Scope(desk.workspace_id), wanted, dry_run=dry_run)


async def version(desk: Desk) -> int:
    found = await desk.plane.publisher.wait(-1, 0)
    assert found is not None
    return found.version


async def test_a_file_becomes_the_routes_in_its_order(desk: Desk) -> None:
    await desk.save("Of before")
    done = await applied(desk, *FILE)
    assert (done.created, done.deleted) == (["Cheap", "Patient", "Off"], ["Of before"])
    assert await desk.names() == ["Cheap", "Patient", "Off"]
    assert [route.name for route in await desk.routes()] == ["Cheap", "Patient"]


async def test_applied_again_it_changes_nothing(desk: Desk) -> None:
    await applied(desk, *FILE)
    before = await version(desk)
    done = await applied(desk, *FILE)
    assert done == Applied([], {}, [], ["Cheap", "Patient", "Off"], ordered=False, dry_run=False)
    assert await version(desk) == before


async def test_what_was_changed_keeps_its_id_and_tells_its_fields(desk: Desk) -> None:
    await applied(desk, *FILE)
    ids = {route.name: route.id for route in await desk.routes()}
    changed = {"name": "Patient", "retry": {"tries": 2}, "disconnect": "abort"}
    done = await applied(desk, changed, FILE[0])
    assert done.changed == {"Patient": ["disconnect", "retry"]}
    assert (done.deleted, done.unchanged, done.ordered) == (["Off"], ["Cheap"], True)
    assert {route.name: route.id for route in await desk.routes()} == ids
    assert await desk.names() == ["Patient", "Cheap"]


async def test_a_dry_run_tells_the_same_and_changes_nothing(desk: Desk) -> None:
    await applied(desk, *FILE)
    before, names = await version(desk), await desk.names()
    told = await applied(desk, {"name": "New"}, FILE[1], dry_run=True)
    assert (told.created, told.deleted, told.dry_run) == (["New"], ["Cheap", "Off"], True)
    assert (await version(desk), await desk.names()) == (before, names)
    done = await applied(desk, {"name": "New"}, FILE[1])
    assert (done.created, done.deleted) == (told.created, told.deleted)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Bad", "match": OPENAI, "targets": [{"mount": "nowhere"}]},
         "routes.1.targets.0.mount"),
        ({"name": "Bad", "match": {"keys": ["key_" + "0" * 32]}}, "routes.1.match.keys.0"),
        ({"name": "Cheap"}, "routes.1.name"),
    ],
)  # fmt: skip
async def test_one_bad_route_and_nothing_is_applied(
    lite: Desk, wrong: dict[str, Any], field: str
) -> None:
    await lite.save("Of before")
    with pytest.raises(InvalidInputError) as refused:
        await applied(lite, FILE[0], wrong)
    assert refused.value.field == field
    assert refused.value.message.startswith(f"Route 2 ({wrong['name']}), ")
    assert await lite.names() == ["Of before"]


async def test_what_is_listed_as_a_file_can_be_applied(desk: Desk) -> None:
    await applied(desk, *FILE)
    async with desk.plane.database.transaction() as session:
        rows = await repository.of_workspace(session, Scope(desk.workspace_id))
        listed = [convert.as_file(route) for route in repository.following(rows)]
    assert listed == FILE
    assert (await applied(desk, *listed)).unchanged == ["Cheap", "Patient", "Off"]


async def test_ids_in_a_file_wear_their_prefixes(desk: Desk) -> None:
    project = desk.browser.me["workspaces"][0]["projects"][0]["id"]
    key = (await desk.plane.key(desk.browser, "gateway"))["id"]
    wanted = {"name": "Mine", "match": {"projects": [project], "keys": [key]}}
    await applied(desk, wanted)
    async with desk.plane.database.transaction() as session:
        rows = await repository.of_workspace(session, Scope(desk.workspace_id))
        assert [convert.as_file(route) for route in repository.following(rows)] == [wanted]


async def test_the_history_tells_what_the_file_did(desk: Desk) -> None:
    await desk.save("Of before")
    await applied(desk, *FILE[:2])
    await applied(desk, FILE[1], FILE[0])
    async with desk.plane.database.transaction() as session:
        query = select(AuditRow.action).where(AuditRow.action.like("route%")).order_by(AuditRow.id)
        actions = list(await session.scalars(query))
    assert actions == [
        "route.created", "route.deleted", "route.created", "route.created", "routes.ordered",
    ]  # fmt: skip


async def test_an_empty_file_takes_all_routes_away(desk: Desk) -> None:
    await applied(desk, *FILE)
    assert (await applied(desk)).deleted == ["Cheap", "Patient", "Off"]
    assert await desk.names() == []
