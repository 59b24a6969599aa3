"""How soon first bytes come, and how much is answered, per mount and model: falling averages.

They order the targets of a route. Averages belong to the event loop's thread; ``paces`` may be asked
from any.
"""

from __future__ import annotations

from quotah_server.domain.gateway_state import Pace

_SHARE = 0.2
"""Of the newest call in an average."""
_MODELS = 256
"""Of one mount; a caller may name any model, the further ones are not followed."""
_STALE_S, _LOOK_S = 60.0, 1.0
_UNDER_WAY_S = 1e6


class Gait:
    """One model at one mount. ``output``: tokens of its answers. Zeros: not known."""

    __slots__ = ("_asked", "_heard", "_streamed_s", "_whole_s", "calls", "output")

    def __init__(self) -> None:
        self.calls = 0
        self.output = 0.0
        self._streamed_s = self._whole_s = 0.0
        self._heard = 0.0
        self._asked = float("-inf")

    def heard(self, seconds: float, now: float, *, streaming: bool) -> None:
        """The first byte of a good answer came after so long."""
        self.calls += 1
        self._heard = now
        if streaming:
            self._streamed_s = _mixed(self._streamed_s, seconds)
        else:
            self._whole_s = _mixed(self._whole_s, seconds)

    def answered(self, tokens: int) -> None:
        """An answer had so many output tokens."""
        self.output = _mixed(self.output, float(tokens))

    @property
    def first_byte_s(self) -> float:
        """Of streams where there were any, else of whole answers."""
        return self._streamed_s or self._whole_s

    def expected_s(self, now: float, *, streaming: bool) -> float | None:
        """The wait to reckon with. None asks for a call that finds out: it is not known, or was not
        looked at for a minute. Until that call has told, others are better sent elsewhere.
        """
        known = (
            (self._streamed_s or self._whole_s)
            if streaming
            else (self._whole_s or self._streamed_s)
        )
        if known and now - self._heard < _STALE_S:
            return known
        if now - self._asked < _LOOK_S:
            return known or _UNDER_WAY_S
        self._asked = now
        return None


class Paces:
    """The gaits of every mount that is in use."""

    def __init__(self) -> None:
        self._mounts: dict[tuple[str, str], dict[str, Gait]] = {}

    def of(self, workspace_id: str, mount: str) -> dict[str, Gait]:
        """The gaits of a mount by model; see ``gait_of``."""
        return self._mounts.setdefault((workspace_id, mount), {})

    def keep(self, used: set[tuple[str, str]]) -> None:
        """Forget all mounts but these."""
        self._mounts = {name: one for name, one in self._mounts.items() if name in used}

    def paces(self) -> tuple[Pace, ...]:
        """What to tell of all."""
        return tuple(
            Pace(
                workspace_id=workspace_id,
                mount=mount,
                model=model,
                first_byte_s=gait.first_byte_s,
                calls=gait.calls,
            )
            for (workspace_id, mount), gaits in tuple(self._mounts.items())
            for model, gait in tuple(gaits.items())
            if gait.calls
        )


def gait_of(gaits: dict[str, Gait], model: str) -> Gait | None:
    """The gait of a model; None where too many others are followed already."""
    gait = gaits.get(model)
    if gait is None and len(gaits) < _MODELS:
        gait = gaits[model] = Gait()
    return gait


def _mixed(old: float, new: float) -> float:
    return old + (new - old) * _SHARE if old else new
