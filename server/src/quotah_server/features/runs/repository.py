"""Runs out of the event store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.analytics.dialect import DIALECTS
from quotah_server.analytics.fields import Fields, column
from quotah_server.analytics.query import Filter
from quotah_server.analytics.sql import Sql, join, param, raw
from quotah_server.domain.scope import Scope
from quotah_server.store.control.models import ProviderCredentialRow
from quotah_server.store.events.base import EventStore
from quotah_server.store.events.rows import PARTS

Record = dict[str, Any]

_LISTED = (
    "event_id", "call_id", "attempt", "final", "door", "project_id", "ts", "environment", "key_id",
    "user_id", "team", "session_id", "feature", "prompt", "prompt_version", "tags", "provider",
    "operation", "model", "model_requested", "streaming", "status", "error_class", "http_status",
    "finish_reason", "latency_ms", "ttft_ms", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "usage_units", "cost",
    "cost_status", "credential_id", "route_id", "from_cache", "saved",
)  # fmt: skip
_DETAILED = (
    *_LISTED, *PARTS, "workspace_id", "revision", "service_tier", "region", "usage_flags",
    "raw_usage", "extras", "cost_reason", "price_version", "request_id", "trace_id", "span_id",
    "parent_span_id", "provider_response_id", "provider_request_id",
)  # fmt: skip
_TIMEOUT_S = 15.0


Place = tuple[datetime, str]
"""Where a page ended: the start and the event id of its last run."""


class RunRepository:
    """Asks one store; blocks."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._dialect = DIALECTS[store.dialect]
        self._fields = Fields(self._dialect, ZoneInfo("UTC"))

    def page(
        self,
        scope: Scope,
        filters: Sequence[Filter],
        *,
        start: datetime | None,
        end: datetime | None,
        before: Place | None,
        limit: int,
    ) -> list[Record]:
        """Final attempts, newest first, at most ``limit``; ``before``: only those after that place."""
        where = [raw("e.final"), *self._fields.conditions(scope, None, filters)]
        if start is not None:
            where.append("e.ts >= " + param(start, "time"))
        if end is not None:
            where.append("e.ts < " + param(end, "time"))
        if before is not None:
            at, event_id = before
            where.append(
                "(e.ts < " + param(at, "time") + " OR (e.ts = " + param(at, "time")
                + " AND e.event_id < " + param(event_id, "uuid") + "))"
            )  # fmt: skip
        order = f" ORDER BY e.ts DESC, e.event_id DESC LIMIT {limit:d}"
        return self._records(_LISTED, where, order, filters)

    def finals(self, scope: Scope, event_ids: Sequence[str]) -> list[Record]:
        """The final attempts among some events, oldest first."""
        ids = [param(event_id, "uuid") for event_id in event_ids]
        where = [
            raw("e.final"),
            *self._fields.conditions(scope, None, ()),
            "e.event_id >= " + param(min(event_ids), "uuid"),
            "e.event_id <= " + param(max(event_ids), "uuid"),
            "e.event_id IN (" + join(", ", ids) + ")",
        ]
        return self._records(_LISTED, where, " ORDER BY e.ts, e.event_id", ())

    def attempts(self, scope: Scope, one_id: str) -> list[Record]:
        """Every attempt of the run that has this id, or one of whose events has it, in order."""
        found = self._of_call(scope, one_id)
        if found:
            return found
        where = self._fields.conditions(scope, None, ())
        where.append("e.event_id = " + param(one_id, "uuid"))
        event = self._records(("call_id",), where, "", ())
        return self._of_call(scope, event[0]["call_id"].hex) if event else []

    def _of_call(self, scope: Scope, call_id: str) -> list[Record]:
        where = self._fields.conditions(scope, None, ())
        where.append("e.call_id = " + param(call_id, "uuid"))
        return self._records(_DETAILED, where, " ORDER BY e.attempt, e.ts", ())

    def costs(self, scope: Scope, call_ids: Sequence[str]) -> dict[str, Any]:
        """The cost of all attempts by run; None where none is priced."""
        if not call_ids:
            return {}
        ids = [param(call_id, "uuid") for call_id in call_ids]
        where = self._fields.conditions(scope, None, ())
        where.append("e.call_id IN (" + join(", ", ids) + ")")
        sql = join(
            "",
            [
                "SELECT e.call_id, sum(e.cost) FROM ",
                self._dialect.events(),
                " WHERE ",
                join(" AND ", where),
                " GROUP BY e.call_id",
            ],
        )
        return {call_id.hex: cost for call_id, cost in self._ask(sql)}

    def feedback(self, scope: Scope, call_ids: Sequence[str]) -> dict[str, Record]:
        """What was said of some runs, by run."""
        if not call_ids:
            return {}
        ids = [param(call_id, "uuid") for call_id in call_ids]
        sql = join(
            "",
            [
                "SELECT f.call_id, f.rating, f.success, f.comment FROM ",
                self._dialect.feedback(),
                " WHERE f.workspace_id = ",
                param(scope.workspace_id, "text"),
                " AND f.call_id IN (",
                join(", ", ids),
                ")",
            ],
        )
        return {
            call_id.hex: {"rating": rating, "success": success, "comment": comment}
            for call_id, rating, success, comment in self._ask(sql)
        }

    def _records(
        self, columns: Sequence[str], where: list[Sql], order: str, filters: Sequence[Filter]
    ) -> list[Record]:
        names = join(", ", [column(name) for name in columns])
        source = self._fields.source(filters, rated=False)
        sql = join("", ["SELECT ", names, " FROM ", source, " WHERE ", join(" AND ", where), order])
        return [dict(zip(columns, row, strict=True)) for row in self._ask(sql)]

    def _ask(self, sql: Sql) -> list[tuple[Any, ...]]:
        text, values = self._dialect.render(sql)
        return self._store.query(text, values, timeout_s=_TIMEOUT_S).rows


async def credential_names(
    session: AsyncSession, scope: Scope, ids: Collection[str]
) -> dict[str, str]:
    """The names of those of some stored provider keys that the workspace still has."""
    row = ProviderCredentialRow
    query = select(row.id, row.name).where(row.workspace_id == scope.workspace_id, row.id.in_(ids))
    return {one.id: one.name for one in await session.execute(query)}
