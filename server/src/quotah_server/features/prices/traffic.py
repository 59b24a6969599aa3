"""What the event store tells about prices: calls without one, calls that an override names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from quotah_server.analytics.dialect import DIALECTS
from quotah_server.analytics.fields import Fields
from quotah_server.analytics.sql import Sql, join, param, raw
from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.overrides import override_for
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.prices.schemas import UnpricedOut
from quotah_server.store.events.base import EventStore

LOOKED_BACK = timedelta(days=30)
_SHOWN = 200
_TIMEOUT_S = 15.0
_NAMES = ("provider", "model", "model_requested", "project_id")


class Traffic:
    """Asks one event store; blocks."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._dialect = DIALECTS[store.dialect]
        self._fields = Fields(self._dialect, ZoneInfo("UTC"))

    def unpriced(self, scope: Scope, start: datetime, end: datetime | None) -> list[UnpricedOut]:
        """Calls without a price by provider and model, the most frequent first, 200 at most.

        start inclusive, end exclusive. A call counts once, by its last attempt.
        """
        named = "coalesce(e.model, e.model_requested)"
        where = [raw("e.final"), raw("e.cost_status = 'unpriced'"), *self._since(scope, start)]
        if end is not None:
            where.append("e.ts < " + param(end, "time"))
        sql = join(
            "",
            [
                "SELECT e.provider, ", named, ", count(*), min(e.ts), max(e.ts), max(e.event_id) FROM ",
                self._dialect.events(), " WHERE ", join(" AND ", where), " GROUP BY e.provider, ",
                named, " ORDER BY count(*) DESC, max(e.ts) DESC", f" LIMIT {_SHOWN:d}",
            ],
        )  # fmt: skip
        found = self._ask(sql)
        newest = self._newest(scope, [row[5].hex for row in found])
        return [
            UnpricedOut(
                provider=provider, model=model, calls=calls, first_seen=_utc(first),
                last_seen=_utc(last),
                reason=newest[event_id.hex][1] or "", run_id=prefixed("run", newest[event_id.hex][0]),
            )
            for provider, model, calls, first, last, event_id in found
            if event_id.hex in newest
        ]  # fmt: skip

    def _newest(self, scope: Scope, event_ids: list[str]) -> dict[str, tuple[str, str | None]]:
        """Event id → (id of its run, why it has no price)."""
        if not event_ids:
            return {}
        ids = join(", ", [param(event_id, "uuid") for event_id in event_ids])
        where = [*self._fields.conditions(scope, None, ()), "e.event_id IN (" + ids + ")"]
        sql = join(
            "",
            [
                "SELECT e.event_id, e.call_id, e.cost_reason FROM ", self._dialect.events(),
                " WHERE ", join(" AND ", where),
            ],
        )  # fmt: skip
        found = self._ask(sql)
        return {event_id.hex: (call_id.hex, reason) for event_id, call_id, reason in found}

    def named_by(self, scope: Scope, book: Book, override: Override, now: datetime) -> int:
        """How many calls of the last 30 days an override names, whenever it holds."""
        always = msgspec.structs.replace(override, from_=None, until=None)
        view = book.base.under(Terms((always,)))
        named = join(", ", [raw(f"e.{name}") for name in _NAMES])
        where = [raw("e.final"), *self._since(scope, now - LOOKED_BACK)]
        sql = join(
            "",
            [
                "SELECT count(*), ", named, " FROM ", self._dialect.events(),
                " WHERE ", join(" AND ", where), " GROUP BY ", named,
            ],
        )  # fmt: skip
        found = self._ask(sql)
        return sum(
            calls
            for calls, provider, model, asked, project_id in found
            if override_for(
                view, provider=canonical(provider), model=model, deployment=asked,
                project_id=project_id, at=now,
            )
        )  # fmt: skip

    def _since(self, scope: Scope, start: datetime) -> list[Sql]:
        return [*self._fields.conditions(scope, None, ()), "e.ts >= " + param(start, "time")]

    def _ask(self, sql: Sql) -> list[tuple[Any, ...]]:
        text, values = self._dialect.render(sql)
        return self._store.query(text, values, timeout_s=_TIMEOUT_S).rows


def _utc(at: datetime) -> datetime:
    """Engines that keep no zone keep UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
