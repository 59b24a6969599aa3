"""Sample data as the API shows and takes it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from quotah_server.http.fields import Body


class SamplesIn(Body):
    """How much history to load. The same seed gives the same history."""

    events: int = Field(default=100_000, ge=1, le=5_000_000)
    days: int = Field(default=90, ge=1, le=365)
    seed: int = Field(default=7, ge=0, le=2**31 - 1)


class SamplesOut(BaseModel):
    """Your sample workspace. events: stored so far. progress: 0 to 1, of a load that runs."""

    workspace_id: str | None
    events: int
    state: Literal["none", "loading", "ready"]
    progress: float
