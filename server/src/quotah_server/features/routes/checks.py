"""Whether a route makes sense in its workspace; the first fault is told with the field it is in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.routing import Route
from quotah_server.domain.scope import Scope
from quotah_server.features.keys import repository as keys
from quotah_server.features.providers import repository as credentials
from quotah_server.features.providers.mounts import Mounted
from quotah_server.features.workspaces import repository as workspaces

NAMED_MAX = 10
"""Mounts that a sentence lists."""


async def check(session: AsyncSession, scope: Scope, route: Route) -> None:
    """Raise InvalidInputError for a route that names what is not there, or that leads requests to a
    provider which does not understand them."""
    check_mounts(route, await credentials.mounts(session, scope))
    projects = await workspaces.project_ids(session, scope)
    _known(route.match.projects, projects, "match.projects", "project")
    if route.match.keys:
        known = await keys.among(session, Scope(scope.workspace_id), route.match.keys)
        _known(route.match.keys, known, "match.keys", "key")
    _check_targets(route)
    _check_retry(route)


def check_mounts(route: Route, mounts: Mapping[str, Mounted]) -> None:
    """The part of ``check`` that is about mounts."""
    for number, name in enumerate(route.match.mounts):
        if name not in mounts:
            raise InvalidInputError(_absent(name, mounts), field=f"match.mounts.{number}")
    for number, target in enumerate(route.targets):
        if target.mount is None:
            continue
        found = mounts.get(target.mount)
        if found is None or not found.stored:
            stored = {name: one for name, one in mounts.items() if one.stored}
            raise InvalidInputError(_absent(target.mount, stored), field=f"targets.{number}.mount")
    if route.match.mounts:
        _check_shapes(route, mounts)
    elif all(target.mount is not None for target in route.targets):
        _check_ways(route, mounts)


def _check_shapes(route: Route, mounts: Mapping[str, Mounted]) -> None:
    """Every target understands every request that the route names."""
    asked = [mounts[name] for name in route.match.mounts]
    for number, target in enumerate(route.targets):
        if target.mount is not None:
            found = mounts[target.mount]
            other = next((one for one in asked if one.shape != found.shape), None)
            if other is not None:
                raise _not_understood(number, found, other, "Make a route for each kind of API.")


def _check_ways(route: Route, mounts: Mapping[str, Mounted]) -> None:
    """Whatever may be asked, some target understands it; the others are passed over."""
    shapes = {mounts[target.mount].shape for target in route.targets if target.mount is not None}
    other = next((one for one in mounts.values() if shapes and one.shape not in shapes), None)
    if other is not None:
        found = mounts[route.targets[0].mount or ""]
        raise _not_understood(
            0, found, other, "Name the providers whose requests it is for in match.mounts."
        )


def _not_understood(number: int, found: Mounted, other: Mounted, hint: str) -> InvalidInputError:
    return InvalidInputError(
        f"Target {number + 1} ({found.name}) does not understand requests made for {other.name}, "
        "which this route is for as well: their APIs differ.",
        field=f"targets.{number}.mount",
        hint=hint,
    )


def _check_targets(route: Route) -> None:
    places = [(target.mount, target.model) for target in route.targets]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise InvalidInputError(
                f"Target {number + 1} is the same as target {places.index(place) + 1}.",
                field=f"targets.{number}",
            )
    if route.strategy == "weighted" and places and not any(one.weight for one in route.targets):
        raise InvalidInputError(
            "Every target has the weight 0, so that none would be drawn.", field="targets"
        )


def _check_retry(route: Route) -> None:
    if route.retry.backoff_ms > route.retry.max_backoff_ms:
        raise InvalidInputError(
            "The first pause (backoff_ms) is longer than the longest one (max_backoff_ms).",
            field="retry.backoff_ms",
        )


def _known(ids: tuple[str, ...], known: set[str] | frozenset[str], field: str, noun: str) -> None:
    for number, one in enumerate(ids):
        if one not in known:
            raise InvalidInputError(
                f"There is no such {noun} in this workspace.", field=f"{field}.{number}"
            )


def _absent(name: str, mounts: Mapping[str, Mounted]) -> str:
    there = sorted(mounts)
    listed = ", ".join(there[:NAMED_MAX]) + (", …" if len(there) > NAMED_MAX else "")
    return f"This workspace has no provider {name}; it has {listed or 'none'}."
