"""What billed calls teach of an estimate: the factor between our count and the provider's.

Pure: pairs in, factor out, state as bytes. The median of the last pairs counts, so that a few calls
with images or hidden prompts move nothing.
"""

from __future__ import annotations

from collections import OrderedDict, deque

import msgspec

LEAST_PAIRS = 20
"""Fewer teach nothing."""
KEPT_PAIRS = 51
LEAST_FACTOR, GREATEST_FACTOR = 0.5, 4.0
MOST_KEYS = 1_000
_SCALE = 1_000
"""Ratios are kept in thousandths."""

Key = tuple[str, str]
"""Workspace, and model or family."""


class _Learnt(msgspec.Struct, frozen=True):
    workspace: str
    model: str
    ratios: list[int]


_decoder = msgspec.json.Decoder(list[_Learnt])


class Learner:
    """Ratios of billed to estimated tokens by key: the last KEPT_PAIRS of each, of the MOST_KEYS keys
    that were taught last. Not for several threads at once."""

    def __init__(self) -> None:
        self._ratios: OrderedDict[Key, deque[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ratios)

    def is_full(self, key: Key) -> bool:
        """Whether another pair only takes the place of an old one."""
        ratios = self._ratios.get(key)
        return ratios is not None and len(ratios) == KEPT_PAIRS

    def add(self, key: Key, estimated: int, billed: int) -> None:
        """Take a pair; counts of zero teach nothing."""
        if estimated <= 0 or billed <= 0:
            return
        ratios = self._ratios.get(key)
        if ratios is None:
            ratios = self._ratios[key] = deque(maxlen=KEPT_PAIRS)
            if len(self._ratios) > MOST_KEYS:
                self._ratios.popitem(last=False)
        else:
            self._ratios.move_to_end(key)
        ratios.append(max(1, billed * _SCALE // estimated))

    def factor(self, key: Key) -> float | None:
        """Billed tokens per estimated one, within LEAST_FACTOR and GREATEST_FACTOR; None before
        LEAST_PAIRS pairs."""
        ratios = self._ratios.get(key)
        if ratios is None or len(ratios) < LEAST_PAIRS:
            return None
        median = sorted(ratios)[len(ratios) // 2]
        return min(max(median / _SCALE, LEAST_FACTOR), GREATEST_FACTOR)

    def state(self) -> bytes:
        """Everything as JSON; ``restored`` reads it."""
        return msgspec.json.encode(
            [
                _Learnt(workspace, model, list(ratios))
                for (workspace, model), ratios in self._ratios.items()
            ]
        )

    @classmethod
    def restored(cls, state: bytes) -> Learner:
        """A learner as it was. Raises msgspec.DecodeError for what is no state."""
        learner = cls()
        for learnt in _decoder.decode(state)[-MOST_KEYS:]:
            kept = deque((ratio for ratio in learnt.ratios if ratio > 0), maxlen=KEPT_PAIRS)
            learner._ratios[learnt.workspace, learnt.model] = kept
        return learner
