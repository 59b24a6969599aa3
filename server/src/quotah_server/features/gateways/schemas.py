"""Gateways and limits as the API shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from quotah_server.domain.gateway_state import Source


class GatewayOut(BaseModel):
    """A gateway as it last told of itself. up: it was heard of a moment ago. losses: what it could not
    keep since it started, by what it was; events_waiting: stored by it, not yet by us."""

    gateway_id: str
    seen_at: datetime
    started_at: datetime
    up: bool
    snapshot_version: int
    in_flight: int
    journal_depth: int
    journal_failing: bool
    events_waiting: int
    losses: dict[str, int]


class GatewayList(BaseModel):
    items: list[GatewayOut]


class LimitOut(BaseModel):
    """A limit of a provider for one of the workspace's keys, as last seen. model_group: the models that
    share it, "" is all. limit, remaining: in units of the dimension. utilization: 0 to 1."""

    credential_id: str
    credential_name: str
    mount: str
    provider: str
    model_group: str
    dimension: str
    limit: int | None
    remaining: int | None
    utilization: float | None
    window_s: int | None
    resets_at: datetime | None
    status: str | None
    source: Source
    observed_at: datetime


class LimitList(BaseModel):
    items: list[LimitOut]
