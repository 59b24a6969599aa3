"""Stored events to be priced again, a bounded number at a time, and the book of what was applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.analytics.dialect import DIALECTS
from quotah_server.analytics.fields import Fields, column
from quotah_server.analytics.period import Span
from quotah_server.analytics.query import Filter
from quotah_server.analytics.sql import Sql, join, param, raw
from quotah_server.domain.scope import Scope
from quotah_server.pipeline.reprice import Stored
from quotah_server.store.control.models import RepricingRow
from quotah_server.store.events.base import EventStore

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONG = timedelta(days=31)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_TIMEOUT_S = 60.0
_LISTED = 200


class Named(NamedTuple):
    """What a call was asked of. model: as answered."""

    provider: str
    model: str | None
    model_requested: str | None


class Sums(NamedTuple):
    """Of the corrections of one re-pricing."""

    events: int
    priced_before: int
    priced_after: int
    old_usd: Decimal
    new_usd: Decimal


class StoredEvents:
    """Asks one event store; blocks. No question holds more than a page, or a minute's counts."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._dialect = DIALECTS[store.dialect]
        self._fields = Fields(self._dialect, ZoneInfo("UTC"))

    def names(self, scope: Scope, span: Span) -> list[Named]:
        """What there was in a span."""
        columns = join(", ", [column(name) for name in Named._fields])
        where = self._fields.conditions(scope, span, ())
        sql = join("", ["SELECT DISTINCT ", columns, *self._from(where)])
        return [Named(*row) for row in self._ask(sql)]

    def pages(
        self, scope: Scope, span: Span, models: Collection[str] | None, size: int
    ) -> Iterator[list[Stored]]:
        """The events of a span by their start, some ``size`` at a time. models: of these alone."""
        filters = () if models is None else (Filter("model", "in", [*models]),)
        for part in self._spans(scope, span, filters, size):
            after: tuple[datetime, str] | None = None
            while True:
                page = self._page(scope, part, filters, after, size)
                if page:
                    yield page
                if len(page) < size:
                    break
                after = (page[-1].ts.replace(tzinfo=UTC), page[-1].event_id.hex)

    def _spans(
        self, scope: Scope, span: Span, filters: Sequence[Filter], size: int
    ) -> Iterator[Span]:
        """Parts of a span with about so many events each, so that each page reads little of the table."""
        step = _HOUR if span.end - span.start > _LONG else _MINUTE
        slot = self._dialect.div(
            self._dialect.micros(raw("e.ts")), step // timedelta(microseconds=1)
        )
        where = self._fields.conditions(scope, span, filters)
        sql = join(
            "", ["SELECT ", slot, ", count(*)", *self._from(where), " GROUP BY 1 ORDER BY 1"]
        )
        first = last = -1
        held = 0
        for number, count in self._ask(sql):
            if held and held + count > size:
                yield _cut(span, step, first, last)
                first, held = -1, 0
            first = number if first < 0 else first
            last, held = number, held + count
        if held:
            yield _cut(span, step, first, last)

    def _page(
        self,
        scope: Scope,
        span: Span,
        filters: Sequence[Filter],
        after: tuple[datetime, str] | None,
        size: int,
    ) -> list[Stored]:
        where = self._fields.conditions(scope, span, filters)
        if after is not None:
            at, event_id = param(after[0], "time"), param(after[1], "uuid")
            where.append(
                "(e.ts > " + at + " OR (e.ts = " + at + " AND e.event_id > " + event_id + "))"
            )
        names = join(", ", [column(name) for name in Stored._fields])
        order = f" ORDER BY e.ts, e.event_id LIMIT {size:d}"
        return [
            Stored(*row)
            for row in self._ask(join("", ["SELECT ", names, *self._from(where), order]))
        ]

    def corrected(self, scope: Scope, reprice_id: str) -> Sums:
        """What a re-pricing has changed so far."""
        sql = join(
            "",
            [
                "SELECT count(*), count(old_cost), count(new_cost), sum(old_cost), sum(new_cost)",
                " FROM corrections WHERE workspace_id = ",
                param(scope.workspace_id, "text"),
                " AND reprice_id = ",
                param(reprice_id, "text"),
            ],
        )
        events, before, after, old_usd, new_usd = self._ask(sql)[0]
        return Sums(events, before, after, old_usd or Decimal(0), new_usd or Decimal(0))

    def _from(self, where: list[Sql]) -> list[Sql | str]:
        return [" FROM ", self._dialect.events(), " WHERE ", join(" AND ", where)]

    def _ask(self, sql: Sql) -> list[tuple[Any, ...]]:
        text, values = self._dialect.render(sql)
        return self._store.query(text, values, timeout_s=_TIMEOUT_S).rows


def _cut(span: Span, step: timedelta, first: int, last: int) -> Span:
    """The slots first to last, as far as they lie in a span."""
    start, end = _EPOCH + first * step, _EPOCH + (last + 1) * step
    return Span(max(start, span.start), min(end, span.end))


async def listed(session: AsyncSession, scope: Scope) -> Sequence[RepricingRow]:
    """What was applied in a workspace, newest first."""
    query = (
        select(RepricingRow)
        .where(RepricingRow.workspace_id == scope.workspace_id)
        .order_by(RepricingRow.id.desc())
        .limit(_LISTED)
    )
    return (await session.scalars(query)).all()
