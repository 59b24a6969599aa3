"""What a gateway tells the control plane of itself and of the providers: msgpack, every few seconds.

Nothing here is accounted from; a report that is lost is made up for by the next one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Source = Literal["header", "429_body", "admin_api", "estimate"]
Breaker = Literal["closed", "open", "half_open"]
Health = Literal["never_used", "healthy", "invalid", "rate_limited", "failing"]


class RateLimit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One limit of a provider for one of its keys, as last seen.

    model_group: the models that share it, by the model that was called; "" is all of them.
    dimension: requests, tokens, input_tokens, output_tokens, … as the provider counts. window_s: the
    time it counts over, where known. limit, remaining: in units of the dimension. utilization: 0 to
    1, where the provider tells only that. resets_at: when it is full again.
    """

    workspace_id: str
    credential_id: str
    provider: str
    model_group: str
    dimension: str
    limit: int | None = None
    remaining: int | None = None
    utilization: float | None = None
    window_s: int | None = None
    resets_at: datetime | None = None
    status: str | None = None
    source: Source
    observed_at: datetime


class CredentialState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a provider key does. last_error: a sentence without anything that was sent or received."""

    workspace_id: str
    credential_id: str
    health: Health = "never_used"
    breaker: Breaker = "closed"
    open_until: datetime | None = None
    last_used_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


class Pace(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How soon first bytes have come of late (a falling average), per mount and model."""

    workspace_id: str
    mount: str
    model: str
    first_byte_s: float
    calls: int


class GatewayState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One report. losses: counted since the gateway started; what can be lost is named there."""

    gateway_id: str
    at: datetime
    started_at: datetime
    snapshot_version: int = 0
    in_flight: int = 0
    journal_depth: int = 0
    journal_failing: bool = False
    events_waiting: int = 0
    losses: dict[str, int] = {}
    rate_limits: tuple[RateLimit, ...] = ()
    credentials: tuple[CredentialState, ...] = ()
    paces: tuple[Pace, ...] = ()


def encode(state: GatewayState) -> bytes:
    """State → msgpack."""
    return msgspec.msgpack.encode(state)


def decode(data: bytes) -> GatewayState:
    """Msgpack → state; raises msgspec.DecodeError on anything else."""
    return msgspec.msgpack.decode(data, type=GatewayState)
