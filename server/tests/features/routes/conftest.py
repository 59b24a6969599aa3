"""A workspace with providers, on both engines and on SQLite alone."""

from __future__ import annotations

import pytest
from features.routes.desk import Desk, open_desk
from plane import Plane


@pytest.fixture
async def desk(plane: Plane) -> Desk:
    return await open_desk(plane)


@pytest.fixture
async def lite(sqlite_plane: Plane) -> Desk:
    """For what has nothing to do with the engine."""
    return await open_desk(sqlite_plane)
