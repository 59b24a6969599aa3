"""POST /query and GET /query/fields over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from features.events_rig import Rig
from store_events.build import priced

from quotah_server.analytics.metrics import METRICS

JSON = {"content-type": "application/json"}
MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}


async def asked(rig: Rig, headers: dict[str, str] | None = None, **query: Any) -> Any:
    body = {"metrics": ["requests", "cost"], "period": MARCH, **query}
    answer = await rig.call("POST", "/query", json=body, headers=headers or rig.admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_table_names_its_columns_units_period_and_totals(rig: Rig) -> None:
    rig.store.append([priced(1, workspace_id=rig.workspace_id, feature="chat")])
    table = await asked(rig, dimensions=["feature"], compare="previous_period")
    assert table == {
        "columns": [
            {"name": "feature", "unit": "text", "kind": "dimension"},
            {"name": "requests", "unit": "count", "kind": "metric"},
            {"name": "requests__previous", "unit": "count", "kind": "compare"},
            {"name": "cost", "unit": "usd", "kind": "metric"},
            {"name": "cost__previous", "unit": "usd", "kind": "compare"},
        ],
        "rows": [["chat", 1, 0, "0.0045", "0"]],
        "period": MARCH,
        "compare_period": {"from": "2026-01-29T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
        "totals": {
            "requests": 1,
            "requests__previous": 0,
            "cost": "0.0045",
            "cost__previous": "0",
        },
    }


async def test_a_workspace_sees_its_own_calls_only(rig: Rig) -> None:
    rig.store.append([priced(1, workspace_id=rig.workspace_id)])
    assert (await asked(rig))["rows"] == [[1, "0.0045"]]
    assert (await asked(rig, rig.foreign))["rows"] == [[0, "0"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"metrics": ["cots"], "period": MARCH}, "metrics[0]"),
        ({"metrics": ["cost"]}, "period"),
        ({"metrics": ["cost"], "period": {"last": "8d"}}, "period.last"),
        ({"metrics": ["cost"], "period": MARCH, "grain": "minute"}, "grain"),
        ({"metrics": ["cost"], "period": MARCH, "limit": 0}, "limit"),
        ({"metrics": "cost", "period": MARCH}, "metrics"),
        ({"metrics": ["cost"], "period": MARCH, "dimensions": ["tag:\ud800"]}, "dimensions[0]"),
        (
            {
                "metrics": ["cost"],
                "period": MARCH,
                "filters": [{"field": "user", "value": "\ud800"}],
            },
            "filters[0].value",
        ),
        (
            {
                "metrics": ["cost"],
                "period": MARCH,
                "filters": [{"field": "tag:\ud800", "value": "x"}],
            },
            "filters[0].field",
        ),
        (
            {"metrics": ["cost"], "period": MARCH, "filters": [{"field": "x"}]},
            "filters[0].field",
        ),
    ],
)
async def test_a_wrong_question_is_refused_by_field(
    rig: Rig, body: dict[str, Any], field: str
) -> None:
    sent = json.dumps(body).encode()
    answer = await rig.call("POST", "/query", content=sent, headers=rig.admin | JSON)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_every_metric_there_is_can_be_asked_for(rig: Rig) -> None:
    fields = (await rig.call("GET", "/query/fields")).json()
    names = [metric["name"] for metric in fields["metrics"]]
    assert names == list(METRICS)
    rig.store.append([priced(1, workspace_id=rig.workspace_id)])
    for start in range(0, len(names), 20):
        table = await asked(rig, metrics=names[start : start + 20])
        assert len(table["rows"][0]) == len(names[start : start + 20])
    for one in fields["dimensions"]:
        assert (await asked(rig, dimensions=[one["name"]]))["rows"]


async def test_asking_takes_a_key(rig: Rig) -> None:
    body = {"metrics": ["cost"], "period": MARCH}
    assert (await rig.call("POST", "/query", json=body, headers={})).status_code == 401
