"""Runs as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from quotah_server.domain.call import Door, Status
from quotah_server.domain.event import CostStatus
from quotah_server.http.fields import Body


class UsageOut(BaseModel):
    """Totals under OpenTelemetry's names (null: not reported); units: disjoint counts."""

    input_tokens: int | None
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_write_input_tokens: int | None
    reasoning_output_tokens: int | None
    units: dict[str, int]


class AttributionOut(BaseModel):
    """Who and what the call was for."""

    project_id: str | None
    environment: str | None
    key_id: str | None
    user: str | None
    team: str | None
    session: str | None
    feature: str | None
    prompt: str | None
    prompt_version: str | None
    tags: dict[str, str]


class RunOut(BaseModel):
    """A call: its last attempt, the cost of all of them, and how it was rated."""

    id: str
    event_id: str
    started_at: datetime
    ended_at: datetime | None
    provider: str
    model: str | None
    model_requested: str | None
    operation: str
    status: Status
    http_status: int | None
    error_class: str | None
    finish_reason: str | None
    streaming: bool
    door: Door
    cost_usd: Annotated[str | None, Field(description="Of all attempts; null: not priced.")]
    cost_status: CostStatus
    usage: UsageOut
    latency_ms: float | None
    ttft_ms: float | None
    attempts: int
    from_cache: Annotated[bool, Field(description="The gateway's cache answered; it cost nothing.")]
    saved_usd: Annotated[
        str | None,
        Field(description="What an answer from the cache would have cost; null: no price known."),
    ]
    route_id: Annotated[str | None, Field(description="The route that was followed.")]
    credential_id: Annotated[
        str | None, Field(description="The stored provider key of the last attempt.")
    ]
    attribution: AttributionOut
    rating: int | None
    success: bool | None


class RunPage(BaseModel):
    items: list[RunOut]
    next_cursor: str | None


class AttemptOut(BaseModel):
    """One attempt at the provider."""

    event_id: str
    attempt: int
    final: bool
    started_at: datetime
    ended_at: datetime | None
    model: str | None
    status: Status
    http_status: int | None
    error_class: str | None
    cost_usd: str | None
    cost_status: CostStatus
    latency_ms: float | None
    ttft_ms: float | None
    provider: str
    credential_id: str | None
    credential_name: Annotated[str | None, Field(description="null: removed, or none was stored.")]


class LineItemOut(BaseModel):
    """quantity * rate_usd / per = amount_usd. rule: where the rate comes from. model: set where it is
    not the model that answered. text: the same for people.
    """

    unit: str
    quantity: int
    rate_usd: str
    per: int
    amount_usd: str
    rule: str
    model: str | None
    text: str


class CostSplitOut(BaseModel):
    """What a cost went on, in dollars; the parts make up the cost."""

    input: str
    cache_read: str
    cache_write: str
    output: str
    other: str


class RunDetail(RunOut):
    """A run in full. line_items and cost_split explain the cost of its last attempt; of an answer from the
    cache, line_items explain what it saved.
    """

    attempt_list: list[AttemptOut]
    credential_name: str | None
    line_items: list[LineItemOut]
    cost_split: CostSplitOut | None
    price_version: str
    cost_reason: str | None
    raw_usage: dict[str, Any] | None
    usage_flags: list[str]
    service_tier: str | None
    region: str | None
    request_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    provider_response_id: str | None
    provider_request_id: str | None
    comment: str | None


class FeedbackIn(Body):
    """A word on a run; it replaces an earlier one."""

    rating: Annotated[int | None, Field(ge=1, le=5)] = None
    success: bool | None = None
    comment: Annotated[str | None, Field(max_length=4000)] = None


class FeedbackOut(BaseModel):
    """The word that stands now."""

    run_id: str
    rating: int | None
    success: bool | None
    comment: str | None
