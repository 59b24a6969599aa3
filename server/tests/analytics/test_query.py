"""What may be asked, and how a wrong question is refused: the field, and what is allowed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from store_events.build import NOON, WORKSPACE, priced

from quotah_server.analytics.compile import Compiler
from quotah_server.analytics.dialect import DIALECTS
from quotah_server.analytics.dimensions import DIMENSIONS, FIELDS
from quotah_server.analytics.metrics import METRICS
from quotah_server.analytics.period import Span
from quotah_server.analytics.query import Query, parse
from quotah_server.analytics.run import run
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.scope import Scope
from quotah_server.store.events.memory import MemoryEventStore

GOOD: dict[str, Any] = {"metrics": ["cost"], "period": {"last": "7d"}}
INJECTION = "x'; DROP TABLE events; --"


def parsed(**changes: Any) -> Query:
    return parse(msgspec.json.encode({**GOOD, **changes}))


def where(field: str, op: str = "eq", value: Any = None) -> dict[str, Any]:
    return {"filters": [{"field": field, "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("changes", "field", "named"),
    [
        ({"metrics": ["cots"]}, "metrics[0]", "did you mean 'cost'"),
        ({"metrics": []}, "metrics", "at least one"),
        ({"metrics": ["cost", "cost"]}, "metrics[1]", "twice"),
        ({"dimensions": ["modle"]}, "dimensions[0]", "did you mean 'model'"),
        ({"dimensions": ["tag:"]}, "dimensions[0]", "no 'tag:'"),
        ({"dimensions": ["model", "user", "team", "key", "day"]}, "dimensions", "at most 4"),
        (where("nothing", value="x"), "filters[0].field", "no 'nothing'"),
        (where("day", value="2026-01-01"), "filters[0].field", "no 'day'"),
        (where("model", "gt", "x"), "filters[0].op", "does not apply"),
        (where("cost", "prefix", "1"), "filters[0].op", "does not apply"),
        (where("model", "is_null", "x"), "filters[0].value", "no value"),
        (where("model", "in", "x"), "filters[0].value", "a list"),
        (where("model", "in", []), "filters[0].value", "a list"),
        (where("model", "eq", ["x"]), "filters[0].value", "one value"),
        (where("model", "eq"), "filters[0].value", "one value"),
        (where("model", "eq", 5), "filters[0].value", "a text"),
        (where("model", "eq", "a\0b"), "filters[0].value", "NUL"),
        (where("cost", "gt", "a lot"), "filters[0].value", "dollars"),
        (where("input_tokens", "gt", 1.5), "filters[0].value", "whole number"),
        (where("latency_ms", "gt", 1e300), "filters[0].value", "a number"),
        (where("streaming", "eq", 1), "filters[0].value", "true or false"),
        (where("key", "eq", "prj_" + "0" * 32), "filters[0].value", "not of a key"),
        ({"period": {}}, "period", "from and to, or last"),
        ({"period": {"last": "8d"}}, "period.last", "8d"),
        ({"period": {"last": "7d", "to": "2026-01-01T00:00:00Z"}}, "period", "either"),
        (
            {"period": {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}},
            "period.to",
            "before",
        ),
        (
            {"period": {"from": "2026-01-01T00:00:00", "to": "2026-01-02T00:00:00Z"}},
            "period.from",
            "offset",
        ),
        (
            {"period": {"from": "2002-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}},
            "period",
            "days",
        ),
        ({"timezone": "Mars/Base"}, "timezone", "no time zone"),
        ({"timezone": "../etc/passwd"}, "timezone", "no time zone"),
        ({"order": [{"field": "requests"}]}, "order[0].field", "cannot order"),
        ({"limit": 0}, "limit", "1 to 1000"),
        ({"other": True}, "other", "dimension"),
        ({"grain": "minute"}, "grain", "minute"),
        ({"surprise": 1}, None, "surprise"),
    ],
)
def test_a_wrong_question_is_refused_by_field(
    changes: dict[str, Any], field: str | None, named: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parsed(**changes)
    assert refusal.value.field == field
    assert named in refusal.value.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_question_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        parse(body)


def test_values_never_become_part_of_the_statement() -> None:
    names = [name for name in FIELDS if FIELDS[name].kind == "text" and not FIELDS[name].noun]
    filters = [
        {"field": name, "op": op, "value": [INJECTION] if op in ("in", "not_in") else INJECTION}
        for name in [*names, f"tag:{INJECTION}"]
        for op in ("eq", "ne", "in", "not_in", "prefix", "contains")
    ]
    dialect = DIALECTS["duckdb"]
    for start in range(0, len(filters), 30):
        query = parsed(dimensions=[f"tag:{INJECTION}"], filters=filters[start : start + 30])
        compiler = Compiler(dialect, query, Scope(INJECTION, INJECTION))
        sql = compiler.table(Span(NOON, NOON), top=[(INJECTION,), (None,)], other=True)
        text, values = dialect.render(sql)
        assert INJECTION not in text
        assert "DROP" not in text
        assert values.count(INJECTION) > 3


def test_a_tag_named_like_an_attack_is_a_tag_like_any_other() -> None:
    store = MemoryEventStore()
    store.append([priced(1, tags={INJECTION: INJECTION}), priced(2)])
    query = parsed(
        metrics=["requests"],
        dimensions=[f"tag:{INJECTION}"],
        period={"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"},
    )
    table = run(query, scope=Scope(WORKSPACE), store=store, now=NOON)
    assert table.rows == [[INJECTION, 1], [None, 1]]
    store.close()


def test_ids_wear_their_prefix_outside_and_filters_take_them_so() -> None:
    key, project = "1" * 32, "2" * 32
    store = MemoryEventStore()
    store.append([priced(1, key_id=key, project_id=project), priced(2, key_id="3" * 32)])
    query = parsed(
        metrics=["requests"],
        dimensions=["key", "project"],
        filters=[{"field": "key", "op": "eq", "value": f"key_{key}"}],
        period={"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"},
    )
    table = run(query, scope=Scope(WORKSPACE), store=store, now=NOON)
    assert table.rows == [[f"key_{key}", f"prj_{project}", 1]]
    store.close()


def test_a_project_sees_its_own_calls_only() -> None:
    store = MemoryEventStore()
    store.append([priced(1, project_id="a"), priced(2, project_id="b")])
    query = parsed(
        metrics=["requests"], period={"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
    )
    table = run(query, scope=Scope(WORKSPACE, "a"), store=store, now=NOON)
    assert table.rows == [[1]]
    store.close()


def test_too_many_buckets_are_refused_with_the_way_out() -> None:
    store = MemoryEventStore()
    period = {"from": "2020-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    with pytest.raises(InvalidInputError, match="hourly buckets") as refusal:
        run(parsed(grain="hour", period=period), scope=Scope(WORKSPACE), store=store, now=NOON)
    assert refusal.value.field == "grain"
    assert "coarser" in (refusal.value.hint or "")
    store.close()


def test_the_catalogue_says_what_each_metric_and_dimension_is() -> None:
    for metric in METRICS.values():
        assert metric.label
        assert metric.description.endswith(".")
        assert metric.formula
        assert len(metric.aggregates) == (1 if metric.shape == "plain" else 2)
    assert all(one.label and bool(one.column) != bool(one.clock) for one in DIMENSIONS.values())
