"""Vectors that are the same for the same text and model."""

from __future__ import annotations

import math
import random

from quotah_server.mock.prose import seed_of


def unit_vector(model: str, text: str, size: int) -> list[float]:
    """A vector of length one."""
    draw = random.Random(seed_of(model, text))  # noqa: S311 (not a secret)
    raw = [draw.uniform(-1, 1) for _ in range(size)]
    norm = math.sqrt(sum(x * x for x in raw))
    return [x / norm for x in raw]
