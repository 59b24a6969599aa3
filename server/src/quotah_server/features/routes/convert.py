"""A route of the API ↔ ``domain.routing.Route`` ↔ what is stored. Only the API's ids wear prefixes."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.domain.errors import InvalidIdError, InvalidInputError
from quotah_server.domain.ids import parse_id, prefixed
from quotah_server.domain.routing import CachePolicy, Match, Retry, Route, Target, Timeouts
from quotah_server.features.routes.schemas import (
    CacheOut,
    MatchOut,
    RetryOut,
    RouteIn,
    TargetOut,
    TimeoutsOut,
)

NOUN = "route"
_STATUSES = [*Retry().statuses]


def read(fields: RouteIn, route_id: str) -> Route:
    """The route that somebody wrote; raises InvalidInputError naming a field."""
    asked = fields.match
    return Route(
        id=route_id,
        name=fields.name,
        enabled=fields.enabled,
        match=Match(
            mounts=_once(asked.mounts),
            models=_once(asked.models),
            operations=_once(asked.operations),
            projects=_ids(asked.projects, "prj", "match.projects"),
            keys=_ids(asked.keys, "key", "match.keys"),
            features=_once(asked.features),
            environments=_once(asked.environments),
        ),
        strategy=fields.strategy,
        targets=tuple(Target(one.mount, one.model, one.weight) for one in fields.targets),
        retry=msgspec.convert(
            {**fields.retry.model_dump(), "statuses": _sorted(fields.retry.statuses)}, Retry
        ),
        timeouts=Timeouts(**fields.timeouts.model_dump()),
        disconnect=fields.disconnect,
        cache=None if fields.cache is None else CachePolicy(**fields.cache.model_dump()),
        refuse_when_open=fields.refuse_when_open,
    )


def body_of(route: Route) -> dict[str, Any]:
    """What is stored of a route beside id, name and enabled: without what is as by default."""
    # By way of JSON, so that it equals what comes back from the database.
    body = msgspec.json.decode(msgspec.json.encode(route), type=dict[str, Any])
    retry = body.get("retry", {})
    if retry.get("statuses") == _STATUSES:
        del retry["statuses"]
    return {
        name: value
        for name, value in body.items()
        if name not in ("id", "name", "enabled") and value != {}
    }


def stored(route: Route) -> dict[str, Any]:
    """All that is stored of a route but its id."""
    return {"name": route.name, "enabled": route.enabled, **body_of(route)}


def as_file(route: Route) -> dict[str, Any]:
    """A route as somebody would write it into a file: without what is as by default."""
    body = body_of(route)
    match = body.get("match", {})
    for name, noun in (("projects", "prj"), ("keys", "key")):
        if name in match:
            match[name] = [prefixed(noun, one) for one in match[name]]
    return {"name": route.name, **({} if route.enabled else {"enabled": False}), **body}


def written(route: Route) -> dict[str, Any]:
    """The fields of a route in the API's words, without its id."""
    asked = msgspec.structs.asdict(route.match)
    asked["projects"] = [prefixed("prj", one) for one in route.match.projects]
    asked["keys"] = [prefixed("key", one) for one in route.match.keys]
    return {
        "name": route.name,
        "enabled": route.enabled,
        "match": MatchOut(**{name: list(value) for name, value in asked.items()}),
        "strategy": route.strategy,
        "targets": [TargetOut(**msgspec.structs.asdict(one)) for one in route.targets],
        **conduct(route),
    }


def conduct(route: Route) -> dict[str, Any]:
    """How the calls of a route are made."""
    retry = msgspec.structs.asdict(route.retry)
    return {
        "retry": RetryOut.model_validate({**retry, "statuses": list(route.retry.statuses)}),
        "timeouts": TimeoutsOut(**msgspec.structs.asdict(route.timeouts)),
        "disconnect": route.disconnect,
        "cache": CacheOut(**msgspec.structs.asdict(route.cache)) if route.cache else None,
        "refuse_when_open": route.refuse_when_open,
    }


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _sorted(values: list[int]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))


def _ids(values: list[str], noun: str, field: str) -> tuple[str, ...]:
    found: list[str] = []
    for number, text in enumerate(values):
        try:
            found.append(parse_id(text, noun))
        except InvalidIdError as error:
            raise InvalidInputError(
                f"{field} holds what is no id ({noun}_…).", field=f"{field}.{number}"
            ) from error
    return _once(found)
