"""A call: one attempt at a provider, as a door captured it. Raw usage, never money."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Door = Literal["gateway", "sdk", "otlp", "api", "import", "seed"]
Status = Literal["success", "error", "cancelled", "interrupted"]
"""success: a 2xx that ended as the provider meant it to. error: the provider or the way there failed.
cancelled: the client went away first. interrupted: we were killed while it ran."""


class Attribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who and what a call was for. ``user`` is the caller's end user; ``member`` an account of Quotah."""

    workspace_id: str = ""
    project_id: str = ""
    environment: str | None = None
    key_id: str | None = None
    member_id: str | None = None
    user: str | None = None
    team: str | None = None
    session: str | None = None
    feature: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    tags: dict[str, str] = {}
    request_id: str | None = None


def prompt_parts(text: str) -> tuple[str | None, str | None]:
    """Read ``id@version``: the last @ parts them, either may be absent."""
    name, at, version = text.rpartition("@")
    return (name or None, version or None) if at else (text or None, None)


class Call(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt. Times are aware UTC; ids are ours (32 hex digits).

    provider: our name of the vendor (``openai``). operation: ``chat``, ``responses``, ``embeddings``,
    ``messages``, … raw_usage: the provider's usage object, untouched. extras: what else changes the
    bill and stands outside of it (tool counts, base_url, speed …).
    """

    event_id: str
    call_id: str
    attempt: int = 1
    final: bool = True
    door: Door
    attribution: Attribution
    provider: str
    operation: str
    model_requested: str | None = None
    model_response: str | None = None
    service_tier: str | None = None
    region: str | None = None
    streaming: bool = False
    raw_usage: dict[str, Any] | None = None
    extras: dict[str, Any] = {}
    estimated_units: dict[str, int] | None = None
    """Our own count, used only where the provider reported none."""
    status: Status
    error_class: str | None = None
    http_status: int | None = None
    finish_reason: str | None = None
    started_at: datetime
    first_byte_at: datetime | None = None
    ended_at: datetime
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    provider_response_id: str | None = None
    provider_request_id: str | None = None
    credential_id: str | None = None
    """The stored provider key that was used; None where the caller brought one, or none is known."""
    route_id: str | None = None
    """The route that was followed; None where none matched."""
    from_cache: bool = False
    """The answer was given before: no provider was called, ``raw_usage`` is that of the first time."""

    @property
    def model(self) -> str | None:
        """The model that answered; the one asked for where the answer does not say."""
        return self.model_response or self.model_requested
