"""The answer of POST /events."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class EventResult(BaseModel):
    """What became of one event. index: its place in the batch. reason: why it was not taken."""

    index: int
    id: str | None
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    reason: str | None = None


class IngestResult(BaseModel):
    """Counts and one result per event, in order. Accepted events are on disk."""

    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]
