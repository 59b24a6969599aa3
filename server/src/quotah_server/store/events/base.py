"""The event store behind one small Protocol; every implementation passes the same test-suite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from quotah_server.domain.call import Attribution
from quotah_server.domain.errors import UnavailableError
from quotah_server.domain.event import CostSplit, CostStatus, PricedEvent
from quotah_server.domain.usage import Usage


class StoreUnavailableError(UnavailableError):
    """The store cannot be written or read now (disk full, being reopened); try again."""

    code = "store_unavailable"


class QueryTimeoutError(UnavailableError):
    """A statement ran longer than it may."""

    code = "query_timeout"


class AppendResult(msgspec.Struct, frozen=True):
    """Outcome of a batch, by event id. The first wins.

    duplicates: stored before. conflicts: stored before with another body.
    """

    accepted: tuple[str, ...]
    duplicates: tuple[str, ...]
    conflicts: tuple[str, ...]
    rejected: dict[str, str]
    """event id → why it cannot be stored; set aside, the rest of the batch is stored."""


class AttributionPatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an SDK knows of an event of the gateway: it fills what that event leaves open.

    ``attribution.workspace_id`` is the sender's; the patch touches that workspace's event only.
    """

    event_id: str
    attribution: Attribution
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None


class Feedback(msgspec.Struct, frozen=True):
    """A caller's word on a run. rating: 1 to 5. A later word replaces an earlier one."""

    workspace_id: str
    call_id: str
    at: datetime
    rating: int | None = None
    success: bool | None = None
    comment: str | None = None


class Repriced(msgspec.Struct, frozen=True):
    """An event priced again. revision: of the row that was read; one that moved on since is left alone.

    usage: where the provider's words are read otherwise now; None: the stored counts stand. saved_usd:
    what an event that was answered from the cache saved; its cost stays 0.
    """

    event_id: str
    workspace_id: str
    revision: int
    cost_usd: Decimal | None
    cost_status: CostStatus
    cost_reason: str
    price_version: str
    split: CostSplit | None
    usage: Usage | None = None
    saved_usd: Decimal | None = None


class Correction(msgspec.Struct, frozen=True):
    """What re-pricing one event changed: whoever keeps sums adds ``delta``.

    sequence: rises from correction to correction, with gaps. delta: new less old cost in dollars, an
    unpriced one counting as 0.
    """

    sequence: int
    event_id: str
    workspace_id: str
    ts: datetime
    provider: str
    model: str | None
    old_cost: Decimal | None
    new_cost: Decimal | None
    delta: Decimal
    old_version: str
    new_version: str
    reprice_id: str
    corrected_at: datetime


class Rows(msgspec.Struct, frozen=True):
    """Column names and rows of plain values (Decimal, int, float, str, datetime, None)."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class EventStore(Protocol):
    """Append once, ask in bulk. Methods block; callers in an event loop use a thread."""

    dialect: str

    def append(self, events: Sequence[PricedEvent]) -> AppendResult:
        """Store a batch in one transaction; durable when it returns. Idempotent on event_id.

        Raises StoreUnavailableError when nothing was stored and the batch may be sent again.
        """
        ...

    def known(self, event_ids: Sequence[str]) -> dict[str, int]:
        """Tell which of these events are stored: event id → its ``rows.body_hash``."""
        ...

    def attribute(self, patches: Sequence[AttributionPatch]) -> None:
        """Apply patches to stored events, keep the others until their event arrives; durable."""
        ...

    def reprice(self, events: Sequence[Repriced], reprice_id: str) -> int:
        """Put new prices in place of old ones, in one transaction; durable when it returns.

        Leaves a correction for every event whose cost or status changes, and raises its revision.
        Tells how many events it changed: sending the same again changes none. Raises
        StoreUnavailableError when nothing was changed and the batch may be sent again.
        """
        ...

    def corrections(self, after: int, limit: int) -> list[Correction]:
        """Corrections in their order, from the first whose sequence is greater than ``after``."""
        ...

    def put_feedback(self, feedback: Feedback) -> None:
        """Keep the latest word on a run; durable."""
        ...

    def query(
        self, sql: str, parameters: Sequence[Any] = (), *, timeout_s: float | None = None
    ) -> Rows:
        """Run one read-only statement with positional parameters.

        Raises QueryTimeoutError after ``timeout_s`` seconds.
        """
        ...

    def generation(self, workspace_id: str) -> int:
        """A number that changes with every change of a workspace's data (for caches)."""
        ...

    def count(self) -> int:
        """Number of stored events."""
        ...

    def drop_workspace(self, workspace_id: str) -> int:
        """Remove every event, body and feedback of a workspace; tells how many events."""
        ...

    def close(self) -> None:
        """Flush and release the store."""
        ...
