"""A gateway in front of the mock provider for every test; whatever a test did, its books are audited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.stand import Stand
from gateway.rig import Rig


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path) as running:
        yield running
        if not running.reconciled:
            running.reconcile()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A gateway in front of a provider whose every byte a test decides."""
    with Rig(tmp_path) as running:
        yield running
