"""Routes: which provider, model and key a call goes to, how often it is tried, what else holds for it.

Data and pure functions, the same in the gateway, which follows a route, and in the control plane,
which tells what a request would do (the dry run).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec

Strategy = Literal["ordered", "weighted", "lowest_latency", "lowest_cost"]
"""Which target comes first: as listed, drawn by weight, the one whose first bytes have come soonest
of late, the one that a call of this size costs least at. The others follow as fallbacks."""
Disconnect = Literal["drain", "abort"]
"""What becomes of an answer whose client went away. drain: it is read on, within bounds, so that the bill
is exact. abort: the provider is told within a second, and the rest is estimated."""


class Asked(msgspec.Struct, frozen=True):
    """What is known of a request before it is sent. mount: the first path segment (``openai``).
    model: None where the request names none."""

    mount: str
    model: str | None
    operation: str
    project_id: str = ""
    key_id: str | None = None
    feature: str | None = None
    environment: str | None = None
    streaming: bool = False


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """The requests a route is for: each list that is not empty holds what is asked. models: names in
    which ``*`` stands for any text."""

    mounts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a call may go. mount, model: None stays with what was asked. weight: ≥ 0, of all targets."""

    mount: str | None = None
    model: str | None = None
    weight: int = 1


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often a target is tried, and after what. Only before the first byte went to the client.

    tries: attempts per target, 1 is no retry. statuses: HTTP statuses after which it is tried again,
    or the next target. connection: so too where no connection came about. lost: so too where the
    connection was lost, or nothing came in time, after the request was sent: the provider may bill
    both. backoff_ms: pause before the second try, doubled for each further one to max_backoff_ms; a
    provider's retry-after stands before both, up to max_wait_ms, beyond which the next target is
    tried or the answer passed on.
    """

    tries: int = 1
    statuses: tuple[int, ...] = (408, 409, 429, 500, 502, 503, 504, 529)
    connection: bool = True
    lost: bool = False
    backoff_ms: int = 500
    max_backoff_ms: int = 8_000
    max_wait_ms: int = 20_000


class Timeouts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Longest waits of one attempt, in milliseconds; None: the gateway's own."""

    connect_ms: int | None = None
    first_byte_ms: int | None = None
    idle_ms: int | None = None


class CachePolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answers to exactly the same request are kept. ttl_s: how long. max_bytes: of one answer."""

    ttl_s: int
    max_bytes: int = 1_048_576


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule of a workspace. The first enabled route that matches is followed; where none does, a
    call goes once to what it asked for.

    targets: none is the one asked for. refuse_when_open: a call whose every key is cut off by its
    circuit breaker is refused at once (503), where it would be tried all the same.
    """

    id: str
    name: str
    enabled: bool = True
    match: Match = Match()
    strategy: Strategy = "ordered"
    targets: tuple[Target, ...] = ()
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    disconnect: Disconnect = "drain"
    cache: CachePolicy | None = None
    refuse_when_open: bool = False


DEFAULT_ROUTE = Route(id="", name="")
"""What holds where no route matches."""


class Standing(msgspec.Struct, frozen=True):
    """What is known of a target now. open: every key of it is cut off. latency_s: until the first byte,
    of late; cost_usd: of a call of this size; None where nothing is known."""

    open: bool = False
    latency_s: float | None = None
    cost_usd: Decimal | None = None


def route_for(routes: Iterable[Route], asked: Asked) -> Route:
    """The route that a request follows."""
    return next(
        (route for route in routes if route.enabled and _matches(route.match, asked)), DEFAULT_ROUTE
    )


def targets_of(
    route: Route,
    asked: Asked,
    standing: Callable[[Target], Standing],
    draw: Callable[[], float],
) -> tuple[Target, ...]:
    """The targets of a request in the order in which they are tried, each with mount and model filled in.

    standing: called with filled-in targets, only where it matters. draw: a number of [0, 1). Targets
    that are cut off come last; of two that are equally good the one listed first is first. What is
    not known (a latency, a cost) counts as best for latency, so that it becomes known, and as worst for cost.
    """
    found = [
        Target(target.mount or asked.mount, target.model or asked.model, target.weight)
        for target in route.targets or (Target(),)
    ]
    if len(found) == 1:
        return (found[0],)
    told = [(target, standing(target)) for target in found]
    match route.strategy:
        case "ordered":
            order = told
        case "weighted":
            order = _drawn(told, draw)
        case "lowest_latency":
            order = sorted(told, key=lambda pair: pair[1].latency_s or 0.0)
        case "lowest_cost":
            worst = Decimal("Infinity")
            order = sorted(
                told, key=lambda pair: worst if pair[1].cost_usd is None else pair[1].cost_usd
            )
    return tuple(target for target, _ in sorted(order, key=lambda pair: pair[1].open))


def model_allowed(patterns: tuple[str, ...], model: str | None) -> bool:
    """Whether a model is among patterns; none allow all, and then no name is needed."""
    return not patterns or (model is not None and any(_like(p, model) for p in patterns))


def _drawn(
    told: list[tuple[Target, Standing]], draw: Callable[[], float]
) -> list[tuple[Target, Standing]]:
    """One drawn by weight, the others after it by falling weight; weight 0 is a fallback only."""
    total = sum(target.weight for target, standing in told if not standing.open)
    rest = sorted(told, key=lambda pair: -pair[0].weight)
    point = draw() * total
    for pair in told:
        if not pair[1].open:
            point -= pair[0].weight
            if point < 0:
                rest.remove(pair)
                return [pair, *rest]
    return rest


def _matches(match: Match, asked: Asked) -> bool:
    return (
        (not match.mounts or asked.mount in match.mounts)
        and (not match.operations or asked.operation in match.operations)
        and (not match.projects or asked.project_id in match.projects)
        and (not match.keys or asked.key_id in match.keys)
        and (not match.features or asked.feature in match.features)
        and (not match.environments or asked.environment in match.environments)
        and model_allowed(match.models, asked.model)
    )


def _like(pattern: str, name: str) -> bool:
    """Part by part, each at its first place: time grows with the name alone, whatever the pattern."""
    if pattern == name:
        return True
    head, *parts = _parts(pattern)
    if not parts or not name.startswith(head):
        return False
    place = len(head)
    for part in parts[:-1]:
        place = name.find(part, place) + len(part)
        if place < len(part):
            return False
    return len(name) - len(parts[-1]) >= place and name.endswith(parts[-1])


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("*"))
