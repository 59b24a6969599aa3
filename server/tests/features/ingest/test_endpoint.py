"""POST /events: the contract towards applications."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from features.events_rig import Rig, sent

from quotah_server.features.ingest.body import MAX_BODY, MAX_EVENTS, MAX_INFLATED
from quotah_server.features.ingest.wire import MAX_DEPTH

JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}
GZIP = {"content-encoding": "gzip"}


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


async def test_an_event_is_accepted_priced_and_visible_within_two_seconds(rig: Rig) -> None:
    answer = await rig.send(
        sent(feature="chat", user="u1", prompt="greet@3", tags={"plan": "pro"}, team="core")
    )
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (1, 0, 0)
    await rig.visible(1)
    table = await rig.call(
        "POST",
        "/query",
        json={
            "metrics": ["requests", "cost"],
            "dimensions": ["feature", "user", "prompt", "prompt_version"],
            "period": {"last": "24h"},
        },
    )
    assert table.json()["rows"] == [["chat", "u1", "greet", "3", 1, "0.0045"]]
    run = (await rig.call("GET", f"/runs/{body['results'][0]['id']}")).json()
    assert run["attribution"]["project_id"] == rig.project_id
    assert run["attribution"]["tags"] == {"plan": "pro"}
    assert run["door"] == "api"


async def test_each_event_of_a_batch_has_its_own_result(rig: Rig) -> None:
    one = sent(1)
    answer = await rig.send(one, one, {**one, "model": "other"}, {"provider": "openai"}, sent(2))
    assert answer.status_code == 207
    body = answer.json()
    statuses = [result["status"] for result in body["results"]]
    assert statuses == ["accepted", "duplicate", "conflict", "rejected", "accepted"]
    assert [result["index"] for result in body["results"]] == [0, 1, 2, 3, 4]
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (2, 1, 2)
    assert "operation" in body["results"][3]["reason"]
    await rig.visible(2)
    assert rig.store.count() == 2


async def test_a_batch_sent_again_is_all_duplicates_before_and_after_it_is_stored(
    rig: Rig,
) -> None:
    batch = [sent(number) for number in range(20)]
    await rig.send(*batch)
    at_once = (await rig.send(*batch)).json()
    await rig.visible(20)
    later = (await rig.send(*batch)).json()
    assert (at_once["duplicates"], later["duplicates"]) == (20, 20)
    conflict = (await rig.send({**batch[0], "status": "error"})).json()
    assert conflict["results"][0]["status"] == "conflict"
    assert rig.store.count() == 20


async def test_events_without_an_id_are_all_different(rig: Rig) -> None:
    event = sent()
    del event["id"]
    assert (await rig.send(event, event)).json()["accepted"] == 2
    await rig.visible(2)


async def test_workspaces_cannot_take_each_other_s_ids(rig: Rig) -> None:
    event = sent(7)
    mine = (await rig.send(event)).json()
    theirs = (await rig.call("POST", "/events", json=[event], headers=rig.foreign)).json()
    assert (mine["accepted"], theirs["accepted"]) == (1, 1)
    assert mine["results"][0]["id"] != theirs["results"][0]["id"]


@pytest.mark.parametrize("packed", [False, True])
async def test_json_lines_and_gzip_are_taken(rig: Rig, packed: bool) -> None:
    lines = "\n".join(json.dumps(sent(number)) for number in range(3)) + "\n\n"
    body = gzip.compress(lines.encode()) if packed else lines.encode()
    headers = rig.ingest | LINES | (GZIP if packed else {})
    answer = await rig.call("POST", "/events", content=body, headers=headers)
    assert answer.json()["accepted"] == 3


async def test_gzip_of_several_members_is_read_to_its_end(rig: Rig) -> None:
    lines = [json.dumps(sent(number)).encode() + b"\n" for number in range(3)]
    body = b"".join(gzip.compress(line) for line in lines)
    answer = await rig.call("POST", "/events", content=body, headers=rig.ingest | LINES | GZIP)
    assert answer.json()["accepted"] == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"status": "fine"}, "status"),
        ({"started_at": "2026-01-01T00:00:00"}, "started_at"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "1999-01-01T00:00:00Z"}, "before 2000"),
        ({"started_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "ahead"),
        ({"ended_at": "2001-01-01T00:00:00Z"}, "ended_at is before started_at"),
        ({"first_byte_at": "2001-01-01T00:00:00Z"}, "first_byte_at"),
        ({"attempt": 0}, "attempt"),
        ({"attempt": 256}, "attempt"),
        ({"http_status": "200"}, "http_status"),
        ({"provider": ""}, "provider"),
        ({"feature": "x" * 301}, "feature"),
        ({"user": "a\0b"}, "NUL"),
        ({"tags": {str(n): "x" for n in range(51)}}, "tags"),
        ({"tags": {"a": 1}}, "tags"),
        ({"usage": [1]}, "usage"),
        ({"usage": nested(MAX_DEPTH + 1)}, "nested deeper than 64"),
        ({"extras": {"a": list(range(3000))}}, "more than 2000 values"),
        ({"usage": {"a": "x" * 300_000}}, "larger than"),
        ({"id": ""}, "id"),
        ({"gateway_event_id": "nonsense"}, "gateway_event_id"),
    ],
)
async def test_a_wrong_event_is_refused_by_name_and_the_others_are_taken(
    rig: Rig, changes: dict[str, Any], named: str
) -> None:
    answer = await rig.send(sent(1, **changes), sent(2))
    assert answer.status_code == 207
    first, second = answer.json()["results"]
    assert (first["status"], second["status"]) == ("rejected", "accepted")
    assert named in first["reason"]


@pytest.mark.parametrize(("kind", "status"), [(JSON, 422), (LINES, 207)], ids=["array", "lines"])
async def test_an_event_nested_without_end_does_no_harm(
    rig: Rig, kind: dict[str, str], status: int
) -> None:
    deep = json.dumps(sent(1))[:-1] + ', "extras": ' + '{"a":' * 100_000 + "1" + "}" * 100_001
    body = f"[{deep}, {json.dumps(sent(2))}]" if kind is JSON else f"{deep}\n{json.dumps(sent(2))}"
    answer = await rig.call("POST", "/events", content=body.encode(), headers=rig.ingest | kind)
    assert answer.status_code == status
    assert "nested deeper" in answer.text or "larger than" in answer.text


REFUSED: dict[str, tuple[bytes, dict[str, str], int]] = {
    "text": (b"[]", {"content-type": "text/plain"}, 415),
    "no type": (b"[]", {}, 415),
    "brotli": (b"[]", JSON | {"content-encoding": "br"}, 415),
    "object": (b"{}", JSON, 422),
    "cut off": (b"[1", JSON, 422),
    "empty": (b"", JSON, 422),
    "no UTF-8": (b"\xff\xfe", JSON, 422),
    "deep": (b"[" * 200_000, JSON, 422),
    "no gzip": (b"not gzip", JSON | GZIP, 422),
    "gzip cut off": (gzip.compress(b"[]")[:-4], JSON | GZIP, 422),
    "many events": (b"[" + b"{}," * MAX_EVENTS + b"{}]", JSON, 413),
    "large": (b" " * (MAX_BODY + 1), JSON, 413),
    "many members": (gzip.compress(b"") * 200_000, JSON | GZIP, 422),
    "inflates": (gzip.compress(b" " * (MAX_INFLATED + 1)), JSON | GZIP, 413),
}


@pytest.mark.parametrize(("body", "headers", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_that_cannot_be_taken_is_refused_as_a_whole(
    rig: Rig, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await rig.call("POST", "/events", content=body, headers=rig.ingest | headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_an_inflating_bomb_costs_no_more_than_the_bound(rig: Rig) -> None:
    # A gigabyte of blanks in a megabyte, as a thousand small archives in a row.
    body = gzip.compress(b" " * 1_000_000) * 1000
    assert len(body) < MAX_BODY
    tracemalloc.start()
    answer = await rig.call("POST", "/events", content=body, headers=rig.ingest | JSON | GZIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 4 * MAX_INFLATED


async def test_an_empty_batch_is_taken_and_stores_nothing(rig: Rig) -> None:
    answer = await rig.send()
    assert (answer.status_code, answer.json()["results"]) == (200, [])


async def test_keys_of_other_kinds_and_none_are_refused(rig: Rig) -> None:
    assert (await rig.call("POST", "/events", json=[sent()], headers={})).status_code == 401
    wrong = {"authorization": "Bearer qk_in_" + "x" * 38}
    assert (await rig.call("POST", "/events", json=[sent()], headers=wrong)).status_code == 401


async def test_an_ingest_key_sends_and_reads_nothing(rig: Rig) -> None:
    for method, path in (("GET", "/runs"), ("GET", "/live"), ("GET", "/query/fields")):
        assert (await rig.call(method, path, headers=rig.ingest)).status_code == 403


async def test_our_sdk_is_told_by_its_user_agent(rig: Rig) -> None:
    await rig.send(sent(), **{"user-agent": "quotah-python/0.1"})
    await rig.visible(1)
    assert rig.store.query("SELECT door FROM events").rows == [("sdk",)]


async def test_attribution_for_an_event_of_the_gateway_makes_no_new_event(rig: Rig) -> None:
    first = (await rig.send(sent(1))).json()["results"][0]["id"]
    await rig.visible(1)
    answer = await rig.send(sent(2, gateway_event_id=first, feature="late", user="u9"))
    assert answer.json()["results"] == [{"index": 0, "id": first, "status": "accepted"}]
    run = (await rig.call("GET", f"/runs/{first}")).json()
    assert (run["attribution"]["feature"], run["attribution"]["user"]) == ("late", "u9")
    assert rig.store.count() == 1


async def test_costs_reported_as_json_numbers_stay_exact(rig: Rig) -> None:
    usage = '{"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.1234567890123456789}'
    body = json.dumps([sent(1, usage={})]).replace('"usage": {}', f'"usage": {usage}')
    await rig.call("POST", "/events", content=body.encode(), headers=rig.ingest | JSON)
    await rig.visible(1)
    assert "0.1234567890123456789" in rig.store.query("SELECT raw_usage FROM events").rows[0][0]


ODD_EVENTS = {
    "a number beyond 64 bits": '"usage": {"prompt_tokens": 1, "x": 18446744073709551616}',
    "a number of 4000 digits": '"usage": {"prompt_tokens": 1, "x": ' + "9" * 4000 + "}",
    "an end in the last year there is": '"ended_at": "9999-12-31T23:59:59-12:00"',
    "an end far ahead": '"ended_at": "2199-01-01T00:00:00Z"',
}


@pytest.mark.parametrize("odd", ODD_EVENTS.values(), ids=ODD_EVENTS.keys())
async def test_an_event_that_cannot_be_kept_costs_its_neighbours_nothing(
    rig: Rig, odd: str
) -> None:
    bad = json.dumps(sent(1))[:-1] + f", {odd}}}"
    body = f"[{json.dumps(sent(2))}, {bad}, {json.dumps(sent(3))}]".encode()
    answer = await rig.call("POST", "/events", content=body, headers=rig.ingest | JSON)
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", "rejected", "accepted"]
    assert results[1]["reason"]
    await rig.visible(2)


@pytest.mark.parametrize("kind", [JSON, LINES], ids=["array", "lines"])
async def test_half_of_a_surrogate_pair_is_replaced_and_whole_ones_stay(
    rig: Rig, kind: dict[str, str]
) -> None:
    event = json.dumps(sent(1, user="U", feature="F"))
    event = event.replace('"U"', r'"a\ud83db \uD83D\uDE00"').replace('"F"', r'"c\\ud800"')
    body = f"[{event}]" if kind is JSON else event
    answer = await rig.call("POST", "/events", content=body.encode(), headers=rig.ingest | kind)
    assert answer.status_code == 200
    await rig.visible(1)
    found = rig.store.query("SELECT user_id, feature FROM events").rows
    assert found == [("a\ufffdb \U0001f600", r"c\ud800")]
