"""Settings laid down in advance for requests that cannot carry them: ``/mock/plan``.

A plan holds for requests whose path and key fit, for so many of them, or until it is taken away.
What the request says for itself beats the plan.
"""

from __future__ import annotations

import msgspec

from quotah_server.mock.exchange import Request
from quotah_server.mock.script import read_script

_MOST_PLANS = 1_000


class FaultPlan(msgspec.Struct, forbid_unknown_fields=True):
    """Settings for requests to come; empty ``path`` and ``key`` fit every request."""

    settings: dict[str, str | int]
    """Names as in headers, without ``x-mock-``."""
    times: int | None = None
    """For so many requests; None: until it is taken away."""
    path: str = ""
    """The beginning of the path."""
    key: str = ""

    def fits(self, path: str, key: str) -> bool:
        """Whether it holds for a request."""
        return self.times != 0 and path.startswith(self.path) and self.key in ("", key)


class Plans:
    """Plans in the order in which they were laid down; the first that fits is used."""

    def __init__(self) -> None:
        self._plans: list[FaultPlan] = []

    def add(self, plan: FaultPlan) -> None:
        """Lay a plan down. Raises ScriptError for settings that are not understood."""
        read_script(_headers(plan), "", [])
        self._plans = [*(p for p in self._plans if p.times != 0), plan][-_MOST_PLANS:]

    def clear(self) -> None:
        """Take every plan away."""
        self._plans.clear()

    def apply(self, request: Request, key: str) -> Request:
        """The request as if it carried the settings of its plan, which is used up by one."""
        plan = next((p for p in self._plans if p.fits(request.path, key)), None)
        if plan is None:
            return request
        if plan.times is not None:
            plan.times -= 1
        return msgspec.structs.replace(request, headers={**_headers(plan), **request.headers})


def _headers(plan: FaultPlan) -> dict[str, str]:
    return {f"x-mock-{name}": str(value) for name, value in plan.settings.items()}
