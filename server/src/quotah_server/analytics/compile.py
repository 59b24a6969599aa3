"""A checked Query as one SELECT, in the words of a dialect.

The statement's columns are positional: first the keys (the time bucket, then the dimensions), then
the aggregates of ``Plan.aggregates``. Quantiles of one column share one aggregate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quotah_server.analytics.dialect.base import Dialect
from quotah_server.analytics.dimensions import Dimension, dimension
from quotah_server.analytics.fields import Fields, column
from quotah_server.analytics.metrics import CONDITIONS, METRICS, Aggregate, Metric
from quotah_server.analytics.period import Span
from quotah_server.analytics.query import Grain, Query, zone
from quotah_server.analytics.sql import Sql, Value, join, param, raw
from quotah_server.domain.scope import Scope

OTHER = "__other__"
"""What a dimension's cell says for the groups beyond the limit."""

Key = tuple[Any, ...]
"""The values of the dimensions of one group."""


class Plan(msgspec.Struct, frozen=True):
    """What the columns after the keys hold. slots: aggregate → (column, element of its list)."""

    aggregates: tuple[Sql, ...]
    slots: dict[Aggregate, tuple[int, int | None]]

    def numbers(self, metric: Metric, values: Sequence[Any]) -> tuple[Any, ...]:
        """A metric's aggregates out of a row's values after the keys."""
        return tuple(self._number(aggregate, values) for aggregate in metric.aggregates)

    def _number(self, aggregate: Aggregate, values: Sequence[Any]) -> Any:
        column, element = self.slots[aggregate]
        value = values[column]
        return value if element is None or value is None else value[element]


class Compiler:
    """Writes the statements of one Query for one scope."""

    def __init__(self, dialect: Dialect, query: Query, scope: Scope) -> None:
        self._dialect, self._query, self._scope = dialect, query, scope
        self._dimensions = [_dimension(name) for name in query.dimensions]
        self._fields = Fields(dialect, zone(query.timezone))
        self.metrics = [METRICS[name] for name in query.metrics]
        self.plan = self._plan()

    # --- statements -----------------------------------------------------------------------------

    def groups(self, span: Span, limit: int) -> Sql:
        """The keys of the first groups in the query's order, one more than ``limit``."""
        keys = self._keys(span)
        return self._select(
            keys, [], span, [self._order(keys), raw(f" LIMIT {limit + 1:d}")], raw("TRUE")
        )

    def table(
        self,
        span: Span,
        *,
        grain: Grain | None = None,
        grouped: bool = True,
        top: Sequence[Key] | None = None,
        other: bool = False,
        limit: int | None = None,
    ) -> Sql:
        """Keys and aggregates of a span.

        top: the groups wanted; with ``other`` the remaining ones become one, else they are left
        out. limit: only the first groups in the query's order (without grain).
        """
        keys = self._keys(span) if grouped else []
        where = raw("TRUE")
        if top is not None and keys:
            wanted = self._among(keys, top)
            if other:
                keys = [self._or_other(key, wanted) for key in keys]
            else:
                where = wanted
        tail = [] if limit is None else [self._order(keys), raw(f" LIMIT {limit + 1:d}")]
        time = [self._fields.clock(grain, span)] if grain else []
        return self._select([*time, *keys], list(self.plan.aggregates), span, tail, where)

    def _select(
        self, keys: list[Sql], values: list[Sql], span: Span, tail: list[Sql], where: Sql
    ) -> Sql:
        named = [key + f" AS k{index}" for index, key in enumerate(keys)]
        named += [value + f" AS a{index}" for index, value in enumerate(values)]
        group = ", ".join(f"k{index}" for index in range(len(keys)))
        conditions = self._fields.conditions(self._scope, span, self._query.filters)
        return join(
            "",
            [
                "SELECT ",
                join(", ", named),
                " FROM ",
                self._source(),
                " WHERE ",
                join(" AND ", [*conditions, where]),
                f" GROUP BY {group}" if group else "",
                *tail,
            ],
        )

    def _source(self) -> Sql:
        rated = any(metric.needs_feedback for metric in self.metrics)
        return self._fields.source(self._query.filters, rated=rated)

    # --- keys -----------------------------------------------------------------------------------

    def _keys(self, span: Span) -> list[Sql]:
        return [self._fields.value(one, span) for one in self._dimensions]

    def _among(self, keys: list[Sql], top: Sequence[Key]) -> Sql:
        """True for the rows of the groups ``top``; never NULL."""
        if not top:
            return raw("FALSE")
        if len(keys) == 1:
            return self._one_of(keys[0], self._dimensions[0], [key[0] for key in top])
        return "(" + join(" OR ", [self._is(keys, values) for values in top]) + ")"

    def _one_of(self, key: Sql, one: Dimension, values: Sequence[Any]) -> Sql:
        known = [_key_param(one, value) for value in values if value is not None]
        inside = key + " IN (" + join(", ", known) + ")" if known else raw("FALSE")
        absent = key + " IS NULL"
        if len(known) < len(values):
            return "(" + absent + " OR " + inside + ")"
        return "(" + key + " IS NOT NULL AND " + inside + ")"

    def _is(self, keys: list[Sql], values: Key) -> Sql:
        tests = [
            key + " IS NULL" if value is None else self._dialect.same(key, _key_param(one, value))
            for key, one, value in zip(keys, self._dimensions, values, strict=True)
        ]
        return "(" + join(" AND ", tests) + ")"

    def _or_other(self, key: Sql, wanted: Sql) -> Sql:
        rest = param(OTHER, "text")
        return (
            "CASE WHEN " + wanted + " THEN " + self._dialect.to_text(key) + " ELSE " + rest + " END"
        )

    # --- aggregates -----------------------------------------------------------------------------

    def _plan(self) -> Plan:
        wanted = [Aggregate("count")]
        for metric in self.metrics:
            wanted += [one for one in metric.aggregates if one not in wanted]
        plain = [one for one in wanted if one.kind != "quantile"]
        slots: dict[Aggregate, tuple[int, int | None]] = {
            one: (index, None) for index, one in enumerate(plain)
        }
        columns = [self._aggregate(one) for one in plain]
        families: dict[tuple[str, str], list[Aggregate]] = {}
        for one in wanted:
            if one.kind == "quantile":
                families.setdefault((one.of, one.rows), []).append(one)
        for members in families.values():
            slots |= {one: (len(columns), place) for place, one in enumerate(members)}
            columns.append(self._quantiles(members))
        return Plan(tuple(columns), slots)

    def _aggregate(self, one: Aggregate) -> Sql:
        where = raw(CONDITIONS[one.rows]) if one.rows != "all" else None
        if one.kind == "count":
            if one.of:
                present = column(one.of) + " IS NOT NULL"
                where = present if where is None else where + " AND " + present
            return self._dialect.count(where)
        of = column(one.of)
        return (
            self._dialect.sum(of, where) if one.kind == "sum" else self._dialect.distinct(of, where)
        )

    def _quantiles(self, members: list[Aggregate]) -> Sql:
        first = members[0]
        where = raw(CONDITIONS[first.rows]) if first.rows != "all" else None
        return self._dialect.quantiles(column(first.of), [one.level for one in members], where)

    def _order(self, keys: list[Sql]) -> Sql:
        """The query's order, else the first metric downwards; ties are broken by the keys."""
        terms: list[Sql] = []
        named = [raw(f"k{index}") for index in range(len(keys))]
        by_name = dict(zip(self._query.dimensions, named, strict=True))
        orders = [(order.field, order.desc) for order in self._query.order]
        for name, desc in orders or [(self.metrics[0].name, True)]:
            value = by_name[name] if name in by_name else self._sortable(METRICS[name])
            terms.append(value + (" DESC NULLS LAST" if desc else " ASC NULLS LAST"))
        terms += [key + " ASC NULLS LAST" for key in named]
        return " ORDER BY " + join(", ", terms)

    def _sortable(self, metric: Metric) -> Sql:
        dialect = self._dialect
        values = [self._single(one) for one in metric.aggregates]
        if metric.shape == "plain":
            return values[0]
        if metric.shape == "sum":
            known = join(" OR ", [value + " IS NOT NULL" for value in values])
            total = join(" + ", ["coalesce(" + value + ", 0)" for value in values])
            return "CASE WHEN " + known + " THEN " + total + " END"
        if metric.shape == "sum_of":
            return "CASE WHEN " + values[1] + " = 0 THEN 0 ELSE " + values[0] + " END"
        above, below = (dialect.to_float(value) for value in values)
        return above + " / nullif(" + below + ", 0)"

    def _single(self, one: Aggregate) -> Sql:
        if one.kind == "quantile":
            return self._dialect.element(self._quantiles([one]), 0)
        return self._aggregate(one)


def _dimension(name: str) -> Dimension:
    found = dimension(name)
    if found is None:
        raise ValueError("an unchecked dimension")
    return found


def _key_param(one: Dimension, value: Value) -> Sql:
    return param(value, "int" if one.clock is not None else "text")
