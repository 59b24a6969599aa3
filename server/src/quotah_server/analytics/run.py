"""Query → Table: asks the store, fills gaps, sets the compared period beside, forms the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from quotah_server.analytics import period as periods
from quotah_server.analytics.compile import OTHER, Compiler, Key
from quotah_server.analytics.dialect import DIALECTS
from quotah_server.analytics.dimensions import dimension
from quotah_server.analytics.metrics import Metric, Unit
from quotah_server.analytics.period import Bucket, Span
from quotah_server.analytics.query import Query, zone
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.money import usd_text
from quotah_server.domain.scope import Scope
from quotah_server.store.events.base import EventStore

MAX_BUCKETS = 10_000
MAX_CELLS = 200_000
PREVIOUS = "__previous"
_NO_GROUP: Key = ()

Cell = str | int | float | None
Values = Sequence[Any]


class Column(msgspec.Struct, frozen=True):
    """A column of a Table. unit: how its cells are to be shown."""

    name: str
    unit: Unit
    kind: Literal["metric", "dimension", "time", "compare"]


class Bounds(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The period that was answered, half-open, UTC."""

    from_: datetime
    to: datetime


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer. Money cells are decimal text; time cells the UTC start of a local bucket.

    truncated: there were more groups than ``limit``.
    """

    columns: list[Column]
    rows: list[list[Cell]]
    period: Bounds
    compare_period: Bounds | None = None
    totals: dict[str, Cell] | None = None
    truncated: bool = False


def run(
    query: Query, *, scope: Scope, store: EventStore, now: datetime, timeout_s: float | None = None
) -> Table:
    """Answer a checked Query. timeout_s: of each statement."""
    return _Run(query, scope, store, now, timeout_s).table()


class _Run:
    def __init__(
        self, query: Query, scope: Scope, store: EventStore, now: datetime, timeout_s: float | None
    ) -> None:
        self._query, self._store, self._timeout_s = query, store, timeout_s
        self._dialect = DIALECTS[store.dialect]
        self._compiler = Compiler(self._dialect, query, scope)
        self._zone = zone(query.timezone)
        self._span = periods.resolve(query.period, self._zone, now)
        self._before = (
            periods.compared(query.period, self._span, query.compare, self._zone)
            if query.compare
            else None
        )
        known = [dimension(name) for name in query.dimensions]
        self._clocks = [one.clock if one else None for one in known]
        self._nouns = [one.noun if one else "" for one in known]
        self._top: list[Key] | None = None
        self._truncated = False

    def table(self) -> Table:
        query = self._query
        buckets = self._buckets(self._span)
        if query.dimensions and (query.grain or query.other):
            self._find_top(buckets)
        now = self._fetch(self._span, limited=True)
        keys = self._order(now)
        before: Mapping[tuple[int, Key], Values] = {}
        if self._before is not None:
            if query.dimensions and not query.other:
                self._top = keys
            before = self._fetch(self._before, limited=False)
        return Table(
            columns=self._columns(),
            rows=self._rows(keys, buckets, now, before),
            period=_bounds(self._span),
            compare_period=_bounds(self._before) if self._before else None,
            totals=self._totals() if query.totals and (query.dimensions or query.grain) else None,
            truncated=self._truncated,
        )

    # --- asking ---------------------------------------------------------------------------------

    def _ask(self, sql: Any) -> list[tuple[Any, ...]]:
        text, values = self._dialect.render(sql)
        return self._store.query(text, values, timeout_s=self._timeout_s).rows

    def _find_top(self, buckets: list[Bucket]) -> None:
        limit = self._query.limit
        found = [self._as_key(row) for row in self._ask(self._compiler.groups(self._span, limit))]
        self._truncated = len(found) > limit
        self._top = found[:limit]
        groups = len(self._top) + int(self._query.other)
        if groups * len(buckets) * len(self._query.metrics) > MAX_CELLS:
            raise InvalidInputError(
                f"{groups} groups in {len(buckets)} buckets are too many",
                field="grain",
                hint="a coarser grain, a shorter period or a smaller limit",
            )

    def _fetch(self, span: Span, *, limited: bool) -> dict[tuple[int, Key], Values]:
        """Rows of a span by (number of the bucket or 0, group)."""
        query = self._query
        single = limited and self._top is None and bool(query.dimensions)
        rows = self._ask(
            self._compiler.table(
                span,
                grain=query.grain,
                top=self._top,
                other=query.other,
                limit=query.limit if single else None,
            )
        )
        if single and len(rows) > query.limit:
            self._truncated = True
            rows = rows[: query.limit]
        number = {bucket.key: index for index, bucket in enumerate(self._buckets(span))}
        first, width = int(query.grain is not None), len(query.dimensions)
        found: dict[tuple[int, Key], Values] = {}
        for row in rows:
            at = number[row[0]] if query.grain else 0
            found[at, self._as_key(row[first : first + width])] = row[first + width :]
        return found

    def _as_key(self, cells: Sequence[Any]) -> Key:
        """Dimension values; clock numbers that came as text (beside "other") are numbers again."""
        return tuple(
            int(cell) if clock and cell is not None and cell != OTHER else cell
            for cell, clock in zip(cells, self._clocks, strict=True)
        )

    def _order(self, found: Mapping[tuple[int, Key], Values]) -> list[Key]:
        """The groups in the order of the answer."""
        present = list(dict.fromkeys(key for _, key in found))
        if not self._query.dimensions:
            return [_NO_GROUP]
        if self._top is None:
            return present
        rest = [key for key in present if OTHER in key and key not in self._top]
        return [key for key in self._top if key in present] + rest

    def _buckets(self, span: Span) -> list[Bucket]:
        if self._query.grain is None:
            return []
        hours = (span.end - span.start).total_seconds() / 3600
        if self._query.grain == "hour" and hours > MAX_BUCKETS:
            raise InvalidInputError(
                f"{hours:.0f} hourly buckets are too many",
                field="grain",
                hint=f"at most {MAX_BUCKETS}: a coarser grain or a shorter period",
            )
        return periods.buckets(self._query.grain, span, self._zone)

    # --- answering ------------------------------------------------------------------------------

    def _columns(self) -> list[Column]:
        columns = [Column("time", "time", "time")] if self._query.grain else []
        for name, clock in zip(self._query.dimensions, self._clocks, strict=True):
            columns.append(
                Column(name, "count" if clock in ("hour", "weekday") else "text", "dimension")
            )
        for metric in self._compiler.metrics:
            columns.append(Column(metric.name, metric.unit, "metric"))
            if self._query.compare:
                columns.append(Column(metric.name + PREVIOUS, metric.unit, "compare"))
        return columns

    def _rows(
        self,
        keys: list[Key],
        buckets: list[Bucket],
        now: Mapping[tuple[int, Key], Values],
        before: Mapping[tuple[int, Key], Values],
    ) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        for index, bucket in enumerate(buckets or [None]):
            for key in keys:
                cells: list[Cell] = [] if bucket is None else [_instant(bucket.start)]
                cells += [
                    _label(cell, clock, noun)
                    for cell, clock, noun in zip(key, self._clocks, self._nouns, strict=True)
                ]
                cells += self._cells(now.get((index, key)), before.get((index, key)))
                rows.append(cells)
        return rows

    def _cells(self, now: Values | None, before: Values | None) -> list[Cell]:
        cells: list[Cell] = []
        for metric in self._compiler.metrics:
            cells.append(self._cell(metric, now))
            if self._query.compare:
                cells.append(self._cell(metric, before))
        return cells

    def _cell(self, metric: Metric, values: Values | None) -> Cell:
        events = 0 if values is None else values[0]
        if values is None or not events:
            return _plain(metric, metric.value((None,) * len(metric.aggregates), empty=True))
        return _plain(
            metric, metric.value(self._compiler.plan.numbers(metric, values), empty=False)
        )

    def _totals(self) -> dict[str, Cell]:
        spans = [span for span in (self._span, self._before) if span is not None]
        found = [self._ask(self._compiler.table(span, grouped=False))[0] for span in spans]
        cells = self._cells(found[0], found[1] if len(found) > 1 else None)
        names = [column.name for column in self._columns() if column.kind in ("metric", "compare")]
        return dict(zip(names, cells, strict=True))


def _plain(metric: Metric, value: Any) -> Cell:
    if value is None:
        return None
    if metric.unit == "usd":
        return usd_text(Decimal(value))
    if isinstance(value, Decimal):
        return float(value)
    return value


def _label(cell: Any, clock: str | None, noun: str) -> Cell:
    if clock in ("day", "week", "month") and isinstance(cell, int):
        return periods.first_day(clock, cell).isoformat()
    return prefixed(noun, cell) if noun and cell and cell != OTHER else cell


def _bounds(span: Span) -> Bounds:
    return Bounds(span.start, span.end)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
