"""What a request would do, by the functions that the gateway itself decides with."""

from __future__ import annotations

from collections.abc import Callable

from quotah_server.domain.ids import prefixed
from quotah_server.domain.money import usd_text
from quotah_server.domain.routing import (
    DEFAULT_ROUTE,
    Route,
    Standing,
    Target,
    model_allowed,
    route_for,
    targets_of,
)
from quotah_server.features.routes import convert
from quotah_server.features.routes.scene import DRAFT_ID, Scene
from quotah_server.features.routes.schemas import DryCredential, DryRunOut, DryTarget, RouteRef
from quotah_server.features.routes.sentences import sentence


def told(scene: Scene) -> DryRunOut:
    """Follow the request to where it would go."""
    route = route_for(scene.routes, scene.asked)
    outcomes = _outcomes(route, scene)
    likeliest = max(outcomes, key=lambda outcome: outcome[0])[1]
    faults = {target: fault_of(scene, target) for target in likeliest}
    shares = _shares(outcomes, lambda target: faults[target] is None)
    targets = [
        _target(scene, target, faults[target], shares.pop(target, 0.0)) for target in likeliest
    ]
    problem = refusal_of(scene) or _no_way(route, targets)
    answer = DryRunOut(
        verdict="refused" if problem else "forwarded",
        route=None if route is DEFAULT_ROUTE else RouteRef(id=_id(route), name=route.name),
        targets=targets,
        problem=problem,
        sentence="",
        **convert.conduct(route),
    )
    answer.sentence = sentence(scene, route, answer)
    return answer


def refusal_of(scene: Scene) -> str | None:
    """Why the gateway would refuse the request before it looks at routes; None where it would not."""
    asked = scene.asked
    if asked.mount not in scene.mounts:
        return f"This workspace has no provider {asked.mount}."
    if not scene.mounts[asked.mount].keys:
        return _no_key(scene, asked.mount)
    return _key_refuses(scene)


def _key_refuses(scene: Scene) -> str | None:
    asked, key, may = scene.asked, scene.key, scene.may
    if key is not None and key.revoked_at is not None:
        return "The key is revoked."
    if key is not None and key.expires_at is not None and key.expires_at <= scene.now:
        return "The key has expired."
    if may.mounts and asked.mount not in may.mounts:
        return f"The key may not call {asked.mount}; it may call {', '.join(may.mounts)}."
    if not model_allowed(may.models, asked.model):
        what = f"may not call {asked.model}" if asked.model else "must be told which model to call"
        return f"The key {what}; it may call {', '.join(may.models)}."
    return None


def fault_of(scene: Scene, target: Target) -> str | None:
    """Why the gateway passes a target over; None where it does not."""
    asked, may, name = scene.asked, scene.may, target.mount or ""
    mount = scene.mounts.get(name)
    if mount is None:
        return f"This workspace has no provider {name}."
    if not mount.keys:
        return _no_key(scene, name)
    source = scene.mounts.get(asked.mount)
    if source is not None and source.shape != mount.shape:
        return f"{mount.label} does not understand requests made for {source.label}."
    if may.mounts and name not in may.mounts:
        return f"The key may not call {name}."
    if not model_allowed(may.models, target.model):
        return f"The key may not call {target.model or 'a model that is not named'}."
    return None


def _outcomes(route: Route, scene: Scene) -> list[tuple[float, tuple[Target, ...]]]:
    """Every order in which targets may be tried, with its chance: they add up to 1."""
    standings: dict[Target, Standing] = {}

    def standing(target: Target) -> Standing:
        if target not in standings:
            standings[target] = scene.standing(target)
        return standings[target]

    def order(point: float) -> tuple[Target, ...]:
        return targets_of(route, scene.asked, standing, lambda: point)

    first = order(0.0)
    if route.strategy != "weighted":
        return [(1.0, first)]
    weights = [
        0 if standing(filled).open else filled.weight
        for filled in (
            Target(one.mount or scene.asked.mount, one.model or scene.asked.model, one.weight)
            for one in route.targets
        )
    ]
    total, before, found = sum(weights), 0, list[tuple[float, tuple[Target, ...]]]()
    for weight in weights:
        if weight:
            found.append((weight / total, order((before + weight / 2) / total)))
        before += weight
    return found or [(1.0, first)]


def _shares(
    outcomes: list[tuple[float, tuple[Target, ...]]], passes: Callable[[Target], bool]
) -> dict[Target, float]:
    """The chance of each target to be asked first."""
    shares: dict[Target, float] = {}
    for chance, order in outcomes:
        first = next((target for target in order if passes(target)), None)
        if first is not None:
            shares[first] = shares.get(first, 0.0) + chance
    return {target: round(share, 9) for target, share in shares.items()}


def _target(scene: Scene, target: Target, fault: str | None, share: float) -> DryTarget:
    standing = scene.standing(target)
    name = target.mount or ""
    mount = scene.mounts.get(name)
    keys = mount.keys if mount else ()
    return DryTarget(
        mount=name,
        provider=mount.provider if mount else None,
        model=target.model,
        share=share,
        open=bool(keys) and standing.open,
        latency_ms=None if standing.latency_s is None else round(standing.latency_s * 1000, 1),
        cost_usd=None if standing.cost_usd is None else usd_text(standing.cost_usd),
        credentials=[
            DryCredential(
                id=prefixed("cred", key.id), name=key.name, hint=key.hint, weight=key.weight,
                breaker=scene.breaker(key),
            )
            for key in keys
        ],
        problem=fault,
    )  # fmt: skip


def _no_way(route: Route, targets: list[DryTarget]) -> str | None:
    """Why a route leads nowhere; None where it leads somewhere."""
    ways = [target for target in targets if target.problem is None]
    if not ways:
        return f"The route “{route.name}” has no target to which this request could go."
    if route.refuse_when_open and all(target.open for target in ways):
        return "Every key that it could use is paused, and the route does not try those."
    return None


def _no_key(scene: Scene, name: str) -> str:
    mount = scene.mounts[name]
    if mount.stored:
        return f"No key of {mount.label} is switched on."
    return f"No key of {mount.label} is stored; only callers who bring their own reach it."


def _id(route: Route) -> str | None:
    return None if route.id == DRAFT_ID else prefixed(convert.NOUN, route.id)
