"""Make a workspace's routes what a file says: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import new_id
from quotah_server.domain.routing import Route
from quotah_server.domain.scope import Scope
from quotah_server.features.routes import convert, repository, service
from quotah_server.features.routes.checks import check
from quotah_server.features.routes.schemas import RouteIn
from quotah_server.features.snapshot import service as snapshot
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor


class Applied(msgspec.Struct, frozen=True):
    """Names of routes by what became of them. changed: with the fields that differ. ordered: those
    that were there stood in another order."""

    created: list[str]
    changed: dict[str, list[str]]
    deleted: list[str]
    unchanged: list[str]
    ordered: bool
    dry_run: bool


async def apply(
    session: AsyncSession,
    actor: Actor,
    scope: Scope,
    wanted: Sequence[RouteIn],
    *,
    dry_run: bool = False,
) -> Applied:
    """Make these the workspace's routes, in this order; a name tells which is which.

    Routes that are not among them are deleted. Raises InvalidInputError, naming the field below
    ``routes``, before anything is changed. dry_run: change nothing, tell what would be.
    """
    await workspaces.get(session, scope, lock=True)
    before = await repository.of_workspace(session, scope)
    known = {row.name: row for row in before}
    routes = await _checked(session, scope, wanted, {row.name: row.id for row in before})
    bodies = {route.name: convert.stored(route) for route in routes}
    told = {name: service.told(row) for name, row in known.items()}
    changed = {
        name: _differing(told[name], body)
        for name, body in bodies.items()
        if name in told and told[name] != body
    }
    kept = [row.name for row in before if row.name in bodies]
    applied = Applied(
        created=[name for name in bodies if name not in known],
        changed=changed,
        deleted=[name for name in known if name not in bodies],
        unchanged=[name for name in kept if name not in changed],
        ordered=kept != [name for name in bodies if name in known],
        dry_run=dry_run,
    )
    if dry_run or not (applied.created or changed or applied.deleted or applied.ordered):
        return applied
    for name in applied.deleted:
        await service.drop(session, actor, known[name])
    rows = []
    for position, route in enumerate(routes):
        row = known.get(route.name)
        if row is None:
            row = service.add(session, actor, scope, route, position, None)
        else:
            service.rewrite(session, actor, row, route)
        rows.append(row)
    service.arrange(session, actor, scope, [known[name] for name in kept], rows)
    await session.flush()
    await snapshot.touch(session)
    return applied


async def _checked(
    session: AsyncSession, scope: Scope, wanted: Sequence[RouteIn], ids: dict[str, str]
) -> list[Route]:
    if len(wanted) > service.ROUTES_MAX:
        raise InvalidInputError(
            f"A workspace has {service.ROUTES_MAX} routes at most.", field="routes"
        )
    routes: list[Route] = []
    for number, fields in enumerate(wanted):
        try:
            if any(route.name == fields.name for route in routes):
                raise InvalidInputError("Two routes have this name.", field="name")  # noqa: TRY301 -- told like the others
            route = convert.read(fields, ids.get(fields.name) or new_id())
            await check(session, scope, route)
        except InvalidInputError as error:
            field = f"routes.{number}.{error.field}"
            raise InvalidInputError(
                f"Route {number + 1} ({fields.name}), {error.field}: {error.message}",
                field=field, hint=error.hint,
            ) from error  # fmt: skip
        routes.append(route)
    return routes


def _differing(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
