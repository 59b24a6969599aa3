"""A dry run's outcome as one or two sentences for people."""

from __future__ import annotations

from collections.abc import Sequence

from quotah_server.domain.routing import DEFAULT_ROUTE, Route
from quotah_server.features.routes.scene import DRAFT_ID, Scene
from quotah_server.features.routes.schemas import DryRunOut, DryTarget


def sentence(scene: Scene, route: Route, answer: DryRunOut) -> str:
    """“This request would go to …”."""
    if answer.problem is not None:
        return f"This request would be refused. {answer.problem}{_aside(scene, route)}"
    ways = [target for target in answer.targets if target.problem is None]
    likely = [target for target in ways if target.share > 0]
    if len(likely) > 1:
        text = f"This request would go to {_listed([_drawn(scene, one) for one in likely], ' or')}"
    else:
        text = f"This request would go to {_named(scene, likely[0])}"
    rest = [_named(scene, target) for target in ways if target.share == 0]
    if rest:
        text += f"; if that fails, to {_listed(rest, ', then to')}"
    elif len(likely) > 1:
        text += "; if one fails, to the others"
    return f"{text}{_why(scene, route)}.{_aside(scene, route)}"


def _named(scene: Scene, target: DryTarget) -> str:
    mount = scene.mounts.get(target.mount)
    label = mount.label if mount else target.mount
    paused = " (whose keys are all paused)" if target.open else ""
    return (f"{target.model} at {label}" if target.model else label) + paused


def _drawn(scene: Scene, target: DryTarget) -> str:
    return f"{_named(scene, target)} ({_percent(target.share)})"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _why(scene: Scene, route: Route) -> str:
    if route is DEFAULT_ROUTE:
        return ", as no route matches it" if scene.routes else ""
    return f", by the route “{route.name}”"


def _aside(scene: Scene, route: Route) -> str:
    """A draft that decides nothing says so."""
    draft = next((one for one in scene.routes if one.id == DRAFT_ID), None)
    if draft is None or draft is route:
        return ""
    if not draft.enabled:
        return " The draft is switched off."
    if route is DEFAULT_ROUTE:
        return " The draft does not match it."
    return f" The draft would not be asked: “{route.name}” stands before it."


def _listed(items: Sequence[str], last: str) -> str:
    """``a``; ``a or b``; ``a, b or c``, where ``last`` is what stands before the last one."""
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])}{last} {items[-1]}"
