from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway.http2_running import running
from gateway.rig import Rig

__all__ = ["rig", "running"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as running:
        yield running
